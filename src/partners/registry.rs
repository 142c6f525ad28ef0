//! Who can be called? Every configured partner, in the protocol that its file names.
//!
//! Rows: P10.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::ids::PartnerId;

use super::catalogue::Catalogue;
use super::guard::Guarded;
use super::guard::breaker::BreakerState;
use super::oauth::Linking;
use super::partner::Partner;
use super::protocols;
use super::settings::PartnerSettings;
use crate::vault::Vault;

/// All partners that can be called.
#[derive(Clone)]
pub struct Partners {
    catalogue: Catalogue,
    configured: Arc<BTreeMap<PartnerId, Arc<Guarded>>>,
    linkings: Arc<BTreeMap<PartnerId, Linking>>,
}

impl Partners {
    /// Makes a caller for each configured partner. Its secret stays in the environment: a copy in
    /// the database would be one more to keep.
    ///
    /// # Errors
    /// [`NotUsable`], when a file names a protocol that nobody speaks.
    pub fn new(
        catalogue: Catalogue,
        settings: BTreeMap<PartnerId, PartnerSettings>,
        http: reqwest::Client,
        vault: Vault,
    ) -> Result<Self, NotUsable> {
        Self::through(catalogue, settings, (http, vault), &|partner| partner)
    }

    /// The same, each partner reached through what `between` makes of it: a simulation stands
    /// there, and has calls stall, get lost or go wrong.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn through(
        catalogue: Catalogue,
        settings: BTreeMap<PartnerId, PartnerSettings>,
        (http, vault): (reqwest::Client, Vault),
        between: &dyn Fn(Arc<dyn Partner>) -> Arc<dyn Partner>,
    ) -> Result<Self, NotUsable> {
        let (mut configured, mut linkings) = (BTreeMap::new(), BTreeMap::new());
        for (id, settings) in settings {
            let Some(entry) = catalogue.get(&id) else { continue };
            if let Some(offer) = entry.oauth() {
                let ways = (http.clone(), vault.clone());
                let linking = Linking::new(id.clone(), offer.clone(), settings.clone(), ways);
                linkings.extend(linking.map(|linking| (id.clone(), linking)));
            }
            let partner = protocols::speak(entry, settings, http.clone(), vault.clone());
            let protocol = entry.details().protocol;
            let partner = partner.ok_or(NotUsable::Protocol { partner: id.clone(), protocol })?;
            configured.insert(id, Arc::new(Guarded::new(between(partner), entry.contract())));
        }
        Ok(Self { catalogue, configured: Arc::new(configured), linkings: Arc::new(linkings) })
    }

    /// How to call this partner, if it is configured.
    #[must_use]
    pub fn get(&self, id: &PartnerId) -> Option<Arc<dyn Partner>> {
        let partner: Arc<dyn Partner> = self.configured.get(id)?.clone();
        Some(partner)
    }

    /// How members link accounts there by OAuth2, where it is configured and does that.
    #[must_use]
    pub fn linking(&self, id: &PartnerId) -> Option<&Linking> {
        self.linkings.get(id)
    }

    /// Whether calls to this partner go out: it is configured, and its breaker not open.
    #[must_use]
    pub fn is_reachable(&self, id: &PartnerId) -> bool {
        let partner = self.configured.get(id);
        partner.is_some_and(|partner| partner.breaker() == BreakerState::Closed)
    }

    /// How every breaker stands.
    pub fn breakers(&self) -> impl Iterator<Item = (&PartnerId, BreakerState)> {
        self.configured.iter().map(|(id, partner)| (id, partner.breaker()))
    }

    /// Asks those that were left alone for a while whether they are back.
    pub async fn try_again(&self, patience: Duration) {
        let tries = self.configured.values().map(|partner| partner.try_again(patience));
        futures::future::join_all(tries).await;
    }

    /// Whether this partner is configured.
    #[must_use]
    pub fn is_configured(&self, id: &PartnerId) -> bool {
        self.configured.contains_key(id)
    }

    /// All partners that are known.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }
}

/// Why the partners cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NotUsable {
    /// Name a protocol that the program speaks.
    #[error("{partner} speaks {protocol}, and nobody here does")]
    Protocol {
        /// Which partner.
        partner: PartnerId,
        /// What its file says.
        protocol: String,
    },
}
