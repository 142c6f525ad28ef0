//! What does an operator need to change a partner's record? The ledger, the vault and the
//! catalogue, opened for one command.
//!
//! Rows: P6, P7, P9.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use domain::ids::PartnerId;
use domain::partner::{Partner, PartnerCommand, PartnerStatus, Step};
use domain::sealed::{PersonName, Sealed};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sqlx::PgPool;
use url::Url;

use crate::cli::exit::Refusal;
use crate::clock::Clock;
use crate::config;
use crate::database::{self, MigrationState, Role};
use crate::ledger::{Context, EngineLimits, ExecuteError, Ledger};
use crate::partners::settings::{self, PartnerSettings};
use crate::partners::{Catalogue, CatalogueEntry, kept};
use crate::startup::NotServed;
use crate::vault::Vault;

/// An operator's desk.
pub struct Office {
    /// What is sealed.
    pub vault: Vault,
    catalogue: Catalogue,
    ledger: Ledger,
    pool: PgPool,
    configured: BTreeMap<PartnerId, PartnerSettings>,
}

impl Office {
    /// Opens it, with what the environment names.
    ///
    /// # Errors
    /// When the environment is not sound, or the database does not fit.
    pub async fn open() -> anyhow::Result<Self> {
        let variable = |name: &str| std::env::var(name).ok();
        let url = config::database_url(&variable)?;
        let keyring = config::keyring(&variable)?;
        let catalogue = config::catalogue(&variable)?;
        let public_url = public_url()?;
        let (mut configured, problems) = settings::read(&catalogue, &public_url, &variable);
        if !problems.is_empty() {
            let lines = problems.iter().map(ToString::to_string).collect();
            return Err(config::Problems(lines).into());
        }
        let pool = database::connect(&url, Role::App, 2).await?;
        match database::migration_state(&pool).await? {
            MigrationState::Current => {}
            MigrationState::Behind => return Err(NotServed::DatabaseBehind.into()),
            MigrationState::Ahead => return Err(NotServed::DatabaseAhead.into()),
        }
        let keys = database::connect(&url, Role::Keys, 2).await?;
        let vault = Vault::open(keys, keyring).await?;
        for (partner, settings) in kept::all(&vault, &catalogue, &public_url).await? {
            configured.entry(partner).or_insert(settings);
        }
        let clock = Clock::follow(pool.clone()).await?;
        let ledger = Ledger::start(&url, clock, EngineLimits::default()).await?;
        Ok(Self { vault, catalogue, ledger, pool, configured })
    }

    /// What the catalogue says of a partner.
    ///
    /// # Errors
    /// When there is none of this id.
    pub fn entry(&self, id: &PartnerId) -> anyhow::Result<&CatalogueEntry> {
        let entry = self.catalogue.get(id);
        entry
            .with_context(|| format!("there is no partner {id}: `anchor partner list` names them"))
    }

    /// How it is reached, if anybody said.
    pub fn settings(&self, id: &PartnerId) -> Option<&PartnerSettings> {
        self.configured.get(id)
    }

    /// Gives a command to a partner's record; answers where it stands then.
    ///
    /// # Errors
    /// [`Refusal`] with the rule; when the ledger cannot be reached.
    pub async fn execute(
        &self,
        id: &PartnerId,
        command: PartnerCommand,
        reason: &str,
    ) -> anyhow::Result<PartnerStatus> {
        let context = Context::new("operator", reason);
        let executed = self.ledger.execute::<Partner, _>(id.as_str(), command, &context).await;
        match executed {
            Ok(_) | Err(ExecuteError::Duplicate { .. }) => {}
            Err(ExecuteError::Refused(rule)) => return Err(Refusal(rule.to_string()).into()),
            Err(error) => return Err(error.into()),
        }
        Ok(self.ledger.load::<Partner>(id.as_str()).await?.state.status())
    }

    /// A person's name, sealed for the step that they attest.
    pub fn seal_name(&self, id: &PartnerId, step: Step, name: &str) -> Sealed<PersonName> {
        let sealed = self.vault.seal_for_partner(id, &place(step), name.as_bytes());
        Sealed::from_ciphertext(sealed)
    }

    /// Every step of its onboarding, passed or how to pass it.
    ///
    /// # Errors
    /// When the ledger cannot be reached, or a name does not open.
    pub async fn checklist(&self, id: &PartnerId) -> anyhow::Result<Value> {
        let partner = self.ledger.load::<Partner>(id.as_str()).await?.state;
        let mut items = Vec::new();
        for (step, passed) in partner.checklist() {
            let Some(passed) = passed else {
                let how = if step.is_attested() { "anchor partner attest" } else { seen_by(step) };
                items.push(json!({ "step": step, "passed": false, "how": how }));
                continue;
            };
            let by = match &passed.attested_by {
                Some(sealed) => {
                    let name =
                        self.vault.open_for_partner(id, &place(step), sealed.ciphertext())?;
                    Some(SecretString::from(String::from_utf8(name)?))
                }
                None => None,
            };
            items.push(json!({
                "step": step,
                "passed": true,
                "evidence": passed.evidence,
                "attested_by": by.as_ref().map(ExposeSecret::expose_secret),
                "attested_on": passed.attested_on,
            }));
        }
        Ok(Value::Array(items))
    }

    /// Closes it: nothing is left half-sent.
    pub async fn close(self) {
        self.ledger.stop().await;
        self.pool.close().await;
    }
}

/// Where members come back to, unless a partner's own settings say so.
///
/// # Errors
/// When `ANCHOR_PUBLIC_URL` is not a URL.
pub fn public_url() -> anyhow::Result<Url> {
    let text = std::env::var("ANCHOR_PUBLIC_URL").ok().filter(|text| !text.trim().is_empty());
    let Ok(url) = Url::parse(text.as_deref().unwrap_or("http://127.0.0.1:8080/").trim()) else {
        bail!("ANCHOR_PUBLIC_URL is not a URL");
    };
    Ok(url)
}

fn place(step: Step) -> String {
    format!("partner/OnboardingStepPassed/attested_by/{step}")
}

fn seen_by(step: Step) -> &'static str {
    if step == Step::WebhookVerified {
        "the server sees it when the partner sends a webhook"
    } else {
        "anchor partner certify"
    }
}
