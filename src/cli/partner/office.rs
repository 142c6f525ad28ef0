//! What does an operator need to change a partner's record? The ledger, the vault and the
//! catalogue, opened for one command.
//!
//! Rows: P6, P7, P9.

use std::collections::BTreeMap;

use anyhow::Context as _;
use domain::ids::PartnerId;
use domain::partner::{Partner, PartnerCommand, PartnerStatus, Step};
use domain::sealed::{PersonName, Sealed};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::books::Books;
use crate::cli::exit::Refusal;
use crate::cli::read_models::fits;
use crate::clock::Clock;
use crate::config;
use crate::conformance::Certificate;
use crate::database::{self, Role};
use crate::ledger::{Context, EngineLimits, ExecuteError, Ledger};
use crate::partners::kept::Kept;
use crate::partners::settings::{self, PartnerSettings};
use crate::partners::{Catalogue, CatalogueEntry, Partners};
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

/// Which kept credentials will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Accepting {
    /// Only if all of them can be used.
    Sound,
    /// Whatever there is: some are about to be replaced.
    Any,
}

impl Office {
    /// Opens it, with what the environment names.
    ///
    /// # Errors
    /// When the environment or what is kept in the vault is not sound; when the database does not
    /// fit.
    pub async fn open() -> anyhow::Result<Self> {
        Self::open_accepting(Accepting::Sound).await
    }

    /// Opens it also where kept credentials cannot be used, to give others in their place.
    ///
    /// # Errors
    /// When the environment is not sound, or the database does not fit.
    pub async fn open_to_mend() -> anyhow::Result<Self> {
        Self::open_accepting(Accepting::Any).await
    }

    async fn open_accepting(accepting: Accepting) -> anyhow::Result<Self> {
        let variable = |name: &str| std::env::var(name).ok();
        let url = config::database_url(&variable)?;
        let keyring = config::keyring(&variable)?;
        let catalogue = config::catalogue(&variable)?;
        let public_url = config::public_url(&variable)?;
        let (mut configured, problems) = settings::read(&catalogue, &public_url, &variable);
        if !problems.is_empty() {
            let lines = problems.iter().map(ToString::to_string).collect();
            return Err(config::Problems(lines).into());
        }
        let pool = database::connect(&url, Role::App, 2).await?;
        fits(&pool).await?;
        let keys = database::connect(&url, Role::Keys, 2).await?;
        let vault = Vault::open(keys, keyring).await?;
        let kept = Kept { vault, catalogue, public_url };
        let all = kept.all().await?;
        let all = if accepting == Accepting::Any { all.settings } else { all.sound()? };
        for (partner, settings) in all {
            configured.entry(partner).or_insert(settings);
        }
        let Kept { vault, catalogue, public_url: _ } = kept;
        let clock = Clock::follow(pool.clone()).await?;
        let ledger = Ledger::start(&url, clock, EngineLimits::default()).await?;
        Ok(Self { vault, catalogue, ledger, pool, configured })
    }

    /// Opens it where the ledger and its keys are at hand, and nothing otherwise.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_if_configured() -> anyhow::Result<Option<Self>> {
        let is_set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        if ["DATABASE_URL", "ENCRYPTION_KEY"].iter().all(is_set) {
            return Ok(Some(Self::open().await?));
        }
        Ok(None)
    }

    /// Puts a certificate on the partner's record.
    ///
    /// # Errors
    /// When the ledger cannot be reached, or does not know the partner.
    pub async fn certify(&self, certificate: &Certificate) -> anyhow::Result<()> {
        let steps = certificate.steps;
        let shown = [
            (steps.token_obtained, Step::TokenObtained),
            (steps.value_issued, Step::ValueIssued),
            (steps.webhook_verified, Step::WebhookVerified),
            (steps.statement_reconciled, Step::StatementReconciled),
        ];
        let certified = PartnerCommand::Certify(domain::partner::Certificate {
            kit: certificate.kit.clone(),
            api: certificate.api.clone(),
            digest: certificate.digest.clone(),
            key_id: certificate.key_id.clone(),
            shown: shown.into_iter().filter(|(is, _)| *is).map(|(_, step)| step).collect(),
        });
        self.execute(&certificate.partner, certified, "every promise was tried and kept").await?;
        Ok(())
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

    /// Everybody of whom somebody said how they are reached, here or in the vault.
    pub fn configured(&self) -> impl Iterator<Item = &PartnerId> {
        self.configured.keys()
    }

    /// Where statements go.
    pub fn books(&self) -> Books {
        let (ledger, pool) = (self.ledger.clone(), self.pool.clone());
        Books { ledger, pool, catalogue: self.catalogue.clone() }
    }

    /// How partners are called.
    ///
    /// # Errors
    /// When a partner's file does not fit, or TLS cannot be set up.
    pub fn partners(&self) -> anyhow::Result<Partners> {
        let (catalogue, configured) = (self.catalogue.clone(), self.configured.clone());
        let http = crate::partners::client()?;
        Ok(Partners::new(catalogue, configured, http, self.vault.clone())?)
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
