//! Has a secret been changed on the command line? Then it counts here within seconds, without a
//! new start, and the one that was taken away no longer does.
//!
//! Only what webhooks are signed with is taken up so: that changes while webhooks arrive, and both
//! sides cannot change it in the same instant. Where the environment has a partner's credentials,
//! those count and nothing is looked for. One question every two seconds, none per webhook.
//!
//! Rows: W2, P9.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::ids::PartnerId;
use tokio::sync::watch;

use super::agreed::Agreements;
use crate::partners::kept::{Kept, KeptUnsound};

const BETWEEN_LOOKS: Duration = Duration::from_secs(2);

/// What taking up a change needs.
pub struct Renewing {
    /// What counts.
    pub agreements: Agreements,
    /// Where credentials are kept.
    pub kept: Kept,
    /// Those whose credentials are kept there and not in the environment.
    pub partners: BTreeSet<PartnerId>,
}

impl Renewing {
    /// Looks again and again until `stop` says true.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut unsound = Vec::new();
        while !self.partners.is_empty() && !*stop.borrow_and_update() {
            tokio::select! {
                () = tokio::time::sleep(BETWEEN_LOOKS) => self.look(&mut unsound).await,
                _ = stop.changed() => {}
            }
        }
    }

    /// What cannot be read changes nothing; what is no longer there is no longer taken. What is
    /// unsound is said once, in the log here and as an alert by whoever works.
    async fn look(&self, unsound: &mut Vec<KeptUnsound>) {
        match self.kept.all().await {
            Ok(all) => {
                let is_unsound = |id: &PartnerId| all.unsound.iter().any(|of| of.partner == *id);
                for partner in self.partners.iter().filter(|id| !is_unsound(id)) {
                    let found = all.settings.get(partner);
                    let secrets = found.map(|found| found.webhook_secrets.clone());
                    self.agreements.change(partner, secrets.unwrap_or_default());
                }
                for of in all.unsound.iter().filter(|of| !unsound.contains(of)) {
                    tracing::error!(partner.id = %of.partner, why = of.why, "credentials are kept \
                        that cannot be used: those before go on");
                }
                *unsound = all.unsound;
            }
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "changed credentials could not be looked for");
            }
        }
    }
}
