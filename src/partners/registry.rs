//! Who can be called? Every configured partner, in the protocol that its file names.
//!
//! Rows: P10.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::ids::PartnerId;

use super::catalogue::Catalogue;
use super::partner::Partner;
use super::protocols;
use super::settings::PartnerSettings;
use crate::vault::{Vault, VaultError};

/// All partners that can be called.
#[derive(Clone)]
pub struct Partners {
    catalogue: Catalogue,
    configured: Arc<BTreeMap<PartnerId, Arc<dyn Partner>>>,
}

impl Partners {
    /// Makes a caller for each configured partner; its credentials rest in the vault from then on.
    ///
    /// # Errors
    /// [`NotUsable`], when a file names a protocol that nobody speaks, or the vault is out of
    /// reach.
    pub async fn new(
        catalogue: Catalogue,
        settings: BTreeMap<PartnerId, PartnerSettings>,
        http: reqwest::Client,
        vault: Vault,
    ) -> Result<Self, NotUsable> {
        let mut configured = BTreeMap::new();
        for (id, settings) in settings {
            let Some(entry) = catalogue.get(&id) else { continue };
            vault.put_partner_secret(&id, "client_secret", &settings.client_secret).await?;
            let partner = protocols::speak(entry, settings, http.clone(), vault.clone());
            let protocol = entry.details().protocol;
            let partner = partner.ok_or(NotUsable::Protocol { partner: id.clone(), protocol })?;
            configured.insert(id, partner);
        }
        Ok(Self { catalogue, configured: Arc::new(configured) })
    }

    /// How to call this partner, if it is configured.
    #[must_use]
    pub fn get(&self, id: &PartnerId) -> Option<Arc<dyn Partner>> {
        self.configured.get(id).cloned()
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
    /// The vault did not keep a credential.
    #[error("the partners' credentials could not be kept")]
    Vault(#[from] VaultError),
}
