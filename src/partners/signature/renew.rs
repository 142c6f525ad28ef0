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
use url::Url;

use super::agreed::Agreements;
use crate::partners::catalogue::Catalogue;
use crate::partners::kept;
use crate::vault::Vault;

const BETWEEN_LOOKS: Duration = Duration::from_secs(2);

/// What taking up a change needs.
pub struct Renewing {
    /// What counts.
    pub agreements: Agreements,
    /// Where credentials are kept.
    pub vault: Vault,
    /// How each partner signs.
    pub catalogue: Catalogue,
    /// What addresses are completed with.
    pub public_url: Url,
    /// Those whose credentials are kept there and not in the environment.
    pub partners: BTreeSet<PartnerId>,
}

impl Renewing {
    /// Looks again and again until `stop` says true.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        while !self.partners.is_empty() && !*stop.borrow_and_update() {
            tokio::select! {
                () = tokio::time::sleep(BETWEEN_LOOKS) => self.look().await,
                _ = stop.changed() => {}
            }
        }
    }

    /// What cannot be read changes nothing; what is no longer there is no longer taken.
    async fn look(&self) {
        match kept::all(&self.vault, &self.catalogue, &self.public_url).await {
            Ok(kept) => {
                for partner in &self.partners {
                    let secrets = kept.get(partner).map(|found| found.webhook_secrets.clone());
                    self.agreements.change(partner, secrets.unwrap_or_default());
                }
            }
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "changed credentials could not be looked for");
            }
        }
    }
}
