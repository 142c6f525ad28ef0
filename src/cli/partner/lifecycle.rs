//! How does a partner become one, go live, rest, and end? Each step is an event, with its reason.
//!
//! Rows: P6, P7.

use anyhow::bail;
use chrono::NaiveDate;
use domain::ids::PartnerId;
use domain::partner::{Attestation, PartnerCommand, PartnerStatus, SANDBOXED, Step};
use serde_json::json;

use super::Turn;
use super::office::Office;
use crate::partners::settings::PartnerSettings;

/// What a person attests.
pub struct Attested {
    /// Which step.
    pub step: Step,
    /// Who.
    pub by: String,
    /// When.
    pub on: NaiveDate,
    /// By which document.
    pub document: String,
}

/// The longest name of a person, in characters.
const LONGEST_NAME: usize = 200;

/// Puts it on record, or what its file says now.
///
/// # Errors
/// When there is no such partner, or the ledger cannot be reached.
pub async fn register(id: &PartnerId, json: bool) -> anyhow::Result<()> {
    let office = Office::open().await?;
    let described = match office.entry(id) {
        Ok(entry) => {
            let details = PartnerCommand::Describe(entry.details());
            office.execute(id, details, "the catalogue says so").await
        }
        Err(error) => Err(error),
    };
    office.close().await;
    say(id, described?, json);
    Ok(())
}

/// Records what a person attests.
///
/// # Errors
/// As [`register`]; when a rule refuses.
pub async fn attest(id: &PartnerId, attested: Attested, json: bool) -> anyhow::Result<()> {
    let Attested { step, by, on, document } = attested;
    let by = by.trim();
    if !(1..=LONGEST_NAME).contains(&by.chars().count()) {
        bail!("--by is a person's name, of 1 to {LONGEST_NAME} characters");
    }
    let office = Office::open().await?;
    let attestation = Attestation { by: office.seal_name(id, step, by), on, document };
    let command = PartnerCommand::Attest { step, attestation };
    let attested = office.execute(id, command, "attested by a person").await;
    office.close().await;
    say(id, attested?, json);
    Ok(())
}

/// Lets value be issued through it.
///
/// # Errors
/// As [`attest`]; when nobody said how it is reached.
pub async fn activate(turn: &Turn, json: bool) -> anyhow::Result<()> {
    let office = Office::open().await?;
    let activated = activate_in(&office, turn).await;
    office.close().await;
    say(&turn.id, activated?, json);
    Ok(())
}

async fn activate_in(
    office: &Office,
    Turn { id, reason }: &Turn,
) -> anyhow::Result<PartnerStatus> {
    let settings = office.settings(id);
    if office.entry(id)?.is_called() && settings.is_none() {
        bail!("{id} has no credentials: `anchor partner credentials {id}`, or its variables");
    }
    let is_sandboxed = settings.is_some_and(PartnerSettings::is_on_loopback);
    let why = if is_sandboxed { SANDBOXED } else { "onboarded" }.to_owned();
    office.execute(id, PartnerCommand::Activate { why, is_sandboxed }, reason).await
}

/// Nothing is issued through it for now.
///
/// # Errors
/// As [`attest`].
pub async fn suspend(turn: &Turn, json: bool) -> anyhow::Result<()> {
    let why = "by_operator".to_owned();
    turned(turn, PartnerCommand::Suspend { why }, json).await
}

/// Nothing is issued through it any more.
///
/// # Errors
/// As [`attest`].
pub async fn deactivate(turn: &Turn, json: bool) -> anyhow::Result<()> {
    let why = "by_operator".to_owned();
    turned(turn, PartnerCommand::Deactivate { why }, json).await
}

async fn turned(turn: &Turn, command: PartnerCommand, json: bool) -> anyhow::Result<()> {
    let office = Office::open().await?;
    let turned = office.execute(&turn.id, command, &turn.reason).await;
    office.close().await;
    say(&turn.id, turned?, json);
    Ok(())
}

fn say(id: &PartnerId, status: PartnerStatus, json: bool) {
    if json {
        println!("{}", json!({ "partner_id": id, "status": status }));
    } else {
        println!("{id} is {status}.");
    }
}
