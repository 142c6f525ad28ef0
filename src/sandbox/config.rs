//! Whom does the sandbox act as, and where?
//!
//! Rows: P11.

use std::collections::BTreeMap;
use std::path::PathBuf;

use domain::ids::PartnerId;
use secrecy::SecretString;
use url::Url;

use crate::partners::settings::{PartnerSettings, WebhookSecret};
use crate::partners::{Catalogue, CatalogueEntry};

/// One partner that the sandbox acts as.
#[derive(Debug, Clone)]
pub struct SandboxPartner {
    /// Who comes with this id …
    pub client_id: String,
    /// … and this secret is us.
    pub client_secret: SecretString,
    /// Where customers who agreed are sent back.
    pub redirect_uri: String,
    /// How it calls itself then.
    pub issuer: String,
    /// What its webhooks are signed with: the first, and the others once it changes.
    pub signing_secrets: Vec<WebhookSecret>,
    /// What it is, and what it sells.
    pub entry: CatalogueEntry,
}

/// The sandbox as it is to be started.
#[derive(Debug, Clone)]
pub struct SandboxConfig {
    pub(super) partners: BTreeMap<PartnerId, SandboxPartner>,
    pub(super) port: u16,
    pub(super) book: PathBuf,
    pub(super) seed: u64,
    pub(super) webhooks_to: Option<Url>,
}

impl SandboxConfig {
    /// Acts as every partner that has settings, with the same credentials.
    #[must_use]
    pub fn acting_as(
        catalogue: &Catalogue,
        settings: &BTreeMap<PartnerId, PartnerSettings>,
    ) -> Self {
        let partners = settings
            .iter()
            .filter_map(|(id, settings)| {
                let partner = SandboxPartner {
                    client_id: settings.client_id.clone(),
                    client_secret: settings.client_secret.clone(),
                    redirect_uri: settings.redirect_uri.to_string(),
                    issuer: settings.api_url.as_str().trim_end_matches('/').to_owned(),
                    signing_secrets: settings.webhook_secrets.clone(),
                    entry: catalogue.get(id)?.clone(),
                };
                Some((id.clone(), partner))
            })
            .collect();
        let book = std::env::temp_dir().join("anchor-sandbox");
        Self { partners, port: 0, book, seed: 1, webhooks_to: None }
    }

    /// Listens there; 0 for any free port.
    #[must_use]
    pub fn at_port(self, port: u16) -> Self {
        Self { port, ..self }
    }

    /// Keeps its book there.
    #[must_use]
    pub fn keeping_book_in(self, book: PathBuf) -> Self {
        Self { book, ..self }
    }

    /// Codes and ids follow from this.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Sends webhooks there; none when it is nowhere.
    #[must_use]
    pub fn sending_webhooks_to(self, webhooks_to: Option<Url>) -> Self {
        Self { webhooks_to, ..self }
    }
}
