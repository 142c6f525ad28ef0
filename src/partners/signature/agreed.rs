//! What was agreed with each partner about its webhooks, now? A running server takes a changed
//! secret from the vault without being started again.
//!
//! Rows: W2, P9.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use domain::ids::PartnerId;

use super::scheme::WebhookScheme;
use crate::partners::catalogue::Catalogue;
use crate::partners::settings::{PartnerSettings, WebhookSecret};

/// How one partner signs, and with what.
#[derive(Debug, Clone)]
pub struct Agreed {
    /// How.
    pub scheme: WebhookScheme,
    /// With one of these; several while a secret is changed.
    pub secrets: Vec<WebhookSecret>,
}

/// What was agreed with every configured partner. Cheap to clone; a change is seen by all clones.
#[derive(Debug, Clone)]
pub struct Agreements(Arc<RwLock<BTreeMap<PartnerId, Arc<Agreed>>>>);

impl Agreements {
    /// As the settings have it.
    #[must_use]
    pub fn new(catalogue: &Catalogue, settings: &BTreeMap<PartnerId, PartnerSettings>) -> Self {
        let agreed = settings.iter().filter_map(|(id, settings)| {
            let scheme = catalogue.get(id)?.webhook_scheme().clone();
            let secrets = settings.webhook_secrets.clone();
            Some((id.clone(), Arc::new(Agreed { scheme, secrets })))
        });
        Self(Arc::new(RwLock::new(agreed.collect())))
    }

    /// What counts with this partner, if its webhooks are taken.
    #[must_use]
    pub fn with(&self, partner: &PartnerId) -> Option<Arc<Agreed>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(partner).cloned()
    }

    /// From now on these secrets count, and no others; none means that nothing is taken.
    pub(in crate::partners) fn change(&self, partner: &PartnerId, secrets: Vec<WebhookSecret>) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(agreed) = all.get_mut(partner) {
            let scheme = agreed.scheme.clone();
            *agreed = Arc::new(Agreed { scheme, secrets });
        }
    }
}
