//! Is this the first webhook of a partner that is not live yet? Then one step of its onboarding is
//! passed: a webhook came, and its signature was good.
//!
//! Rows: P7.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use domain::ids::PartnerId;
use domain::partner::{Partner, PartnerCommand, PartnerStatus, Step};

use crate::ledger::{Context, ExecuteError, Ledger};

/// Ticks that step.
#[derive(Clone)]
pub(super) struct Onboarding {
    ledger: Ledger,
    /// Those of whom nothing is to be learnt from another webhook: what was passed stays passed.
    settled: Arc<Mutex<BTreeSet<PartnerId>>>,
}

impl Onboarding {
    pub fn new(ledger: Ledger) -> Self {
        Self { ledger, settled: Arc::default() }
    }

    /// A webhook with a good signature came from this partner.
    ///
    /// # Errors
    /// When the ledger cannot be reached; the webhook is looked at again then.
    pub async fn webhook_came(&self, partner: &PartnerId, id: &str) -> anyhow::Result<()> {
        if self.settled.lock().unwrap_or_else(PoisonError::into_inner).contains(partner) {
            return Ok(());
        }
        let known = self.ledger.load::<Partner>(partner.as_str()).await?.state;
        if known.status() == PartnerStatus::Pending {
            let evidence = format!("webhook {id}");
            let pass = PartnerCommand::PassStep { step: Step::WebhookVerified, evidence };
            let context = Context::new(format!("partner:{partner}"), "a webhook came, signed");
            match self.ledger.execute::<Partner, _>(partner.as_str(), pass, &context).await {
                Ok(_) | Err(ExecuteError::Duplicate { .. }) => {}
                // A partner that is not registered yet will be, and sends more.
                Err(ExecuteError::Refused(_)) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        let mut settled = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
        settled.insert(partner.clone());
        Ok(())
    }
}
