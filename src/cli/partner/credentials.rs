//! How is a partner reached? Its credentials, from a file or standard input into the vault.
//!
//! Never from an argument: what is typed after a command can be read by others on the machine.
//!
//! Rows: P9, P12.

use std::io::Read;
use std::path::PathBuf;

use anyhow::Context as _;
use domain::ids::PartnerId;
use domain::partner::PartnerCommand;
use secrecy::SecretString;
use serde_json::json;
use zeroize::Zeroize;

use super::office::Office;
use crate::config::{self, Problems};
use crate::partners::kept;

/// More than this is no list of credentials, in bytes.
const LARGEST: u64 = 64 * 1024;

/// Keeps them, or takes them back.
///
/// # Errors
/// When they are not sound, by name and without values; when the vault cannot be reached.
pub async fn run(
    id: &PartnerId,
    file: Option<PathBuf>,
    forget: bool,
    json: bool,
) -> anyhow::Result<()> {
    let given = if forget { None } else { Some(read(file)?) };
    let office = Office::open_to_mend().await?;
    let changed = change(&office, id, given).await;
    office.close().await;
    let (said, is_kept) = changed?;
    if json {
        println!("{}", json!({ "partner_id": id, "kept": is_kept }));
    } else {
        println!("{said}");
    }
    Ok(())
}

async fn change(
    office: &Office,
    id: &PartnerId,
    given: Option<SecretString>,
) -> anyhow::Result<(String, bool)> {
    let entry = office.entry(id)?;
    let Some(text) = given else {
        if !kept::forget(&office.vault, id).await? {
            return Ok((format!("There was nothing kept for {id}."), false));
        }
        let note = PartnerCommand::NoteCredentials { api: None };
        office.execute(id, note, "taken back").await?;
        return Ok((format!("Nothing is kept for {id} any more."), false));
    };
    let public_url = config::public_url(&|name| std::env::var(name).ok())?;
    let given = kept::read(entry, &public_url, &text)
        .map_err(|problems| Problems(problems.iter().map(ToString::to_string).collect()))?;
    // On record before they count: a partner that is not registered has no credentials.
    let api = Some(given.settings.api_url.to_string());
    office.execute(id, PartnerCommand::NoteCredentials { api }, "given by an operator").await?;
    kept::keep(&office.vault, id, &given).await?;
    let when = "Servers take them up when they start, a changed WEBHOOK_SECRET within seconds.";
    Ok((format!("Kept for {id}. {when}"), true))
}

fn read(file: Option<PathBuf>) -> anyhow::Result<SecretString> {
    let mut text = String::new();
    match &file {
        Some(path) => {
            let opened = std::fs::File::open(path);
            let opened = opened.with_context(|| format!("{} cannot be read", path.display()))?;
            opened.take(LARGEST).read_to_string(&mut text)
        }
        None => std::io::stdin().take(LARGEST).read_to_string(&mut text),
    }
    .context("the credentials are not text")?;
    let secret = SecretString::from(text.clone());
    text.zeroize();
    Ok(secret)
}
