//! What does the catalogue say that the ledger does not know yet? Data files speak through events.
//!
//! At start every entry is compared with its partner's stream: a new one is registered, a changed
//! one described anew, the same one left alone. A configured partner whose API is on loopback can
//! move no real value, so its first start makes it active, and says so in the event. When it gets
//! real credentials before it is onboarded, it is suspended: value could flow that nobody agreed
//! to.
//!
//! Rows: P1, P6, P12.

use std::collections::BTreeMap;

use domain::ids::PartnerId;
use domain::partner::{Partner, PartnerCommand, PartnerStatus, SANDBOXED};

use crate::ledger::{Context, Ledger};
use crate::partners::Catalogue;
use crate::partners::settings::PartnerSettings;

const ACTOR: &str = "process:describe_partners";

/// Brings every partner's stream up to what the catalogue and the settings say.
///
/// # Errors
/// When the ledger cannot take an event; what was recorded before stays, and a repeat goes on.
pub async fn describe_partners(
    ledger: &Ledger,
    catalogue: &Catalogue,
    settings: &BTreeMap<PartnerId, PartnerSettings>,
) -> anyhow::Result<()> {
    for entry in catalogue.iter() {
        let stream = entry.id().as_str();
        let context = Context::new(ACTOR, "the catalogue says so");
        let details = PartnerCommand::Describe(entry.details());
        ledger.execute::<Partner, _>(stream, details, &context).await?;
        let is_sandboxed = settings.get(entry.id()).is_some_and(PartnerSettings::is_on_loopback);
        let partner = ledger.load::<Partner>(stream).await?.state;
        if is_sandboxed && partner.status() == PartnerStatus::Pending {
            let context =
                Context::new(ACTOR, "its API is on this machine, no real value can flow");
            let why = SANDBOXED.to_owned();
            let activate = PartnerCommand::Activate { why, is_sandboxed };
            ledger.execute::<Partner, _>(stream, activate, &context).await?;
        }
        let is_real = settings.get(entry.id()).is_some_and(|settings| !settings.is_on_loopback());
        if is_real && partner.is_live_as_sandbox() {
            let context =
                Context::new(ACTOR, "its API is a real one now, and it is not onboarded");
            let suspend = PartnerCommand::Suspend { why: "no_longer_sandboxed".to_owned() };
            ledger.execute::<Partner, _>(stream, suspend, &context).await?;
        }
    }
    Ok(())
}
