//! How is the key that wraps every other key made and changed, and which one is still needed?
//!
//! `status` answers without any key given, so that it can say which one a database asks for. No key
//! is ever printed but the one that `generate` makes.
//!
//! Rows: P9, U5. Cases: C26.

use std::collections::BTreeSet;

use clap::Subcommand;
use domain::ids::Position;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sqlx::PgPool;

use super::exit::Difference;
use super::read_models::{fits, progress::Shown};
use crate::config;
use crate::database::{self, Role};
use crate::vault::keyring::{self, Known};
use crate::vault::rotation::{self, KeyStatus, Rewrapped};

/// How a key is changed while everything runs.
pub const ORDER: &str = "\
Changing the key, with every instance running all the time:
  1. anchor keys generate: put what it prints into ENCRYPTION_KEY_PREVIOUS of every
     instance, beside what is there, and restart them one by one. From here on everybody
     can open what it wraps.
  2. Swap the two on every instance, one by one: the new key into ENCRYPTION_KEY, the old
     one into ENCRYPTION_KEY_PREVIOUS. From here on the new key wraps what is made.
  3. anchor keys rotate, with the same two variables: wraps anew all that is older.
  4. anchor keys status: says which key is removable.
  5. Take the old key out of ENCRYPTION_KEY_PREVIOUS of every instance, one by one. Keep
     it for as long as you keep backups from before step 3.

Example: anchor keys status --json";

/// What can be done with keys.
#[derive(Debug, Subcommand)]
pub enum KeysAction {
    /// Prints a fresh key: 64 hexadecimal characters, alone on their line
    #[command(after_help = "Example: anchor keys generate > new-key\n\
        Where it goes is said beside, and is not part of the output.")]
    Generate,
    /// Wraps every stored key with ENCRYPTION_KEY that another one still wraps
    #[command(after_help = "Example: anchor keys rotate --json\n\
        Safe while everything runs, and as often as you like. Exits 1 when something is left that\n\
        another key wraps: one that is not given, or that an instance still uses.")]
    Rotate,
    /// Which key wraps how much, and which one is no longer needed
    #[command(after_help = "Example: anchor keys status\n\
        Exits 1 when something stored needs a key that is not given, and names the key's id: the\n\
        first eight hexadecimal digits of its SHA-256.")]
    Status,
}

/// Does it.
///
/// # Errors
/// When the environment or the database does not fit; [`Difference`] as the help says.
pub async fn run(action: KeysAction, json: bool) -> anyhow::Result<()> {
    match action {
        KeysAction::Generate => generate(json),
        KeysAction::Rotate => rotate(json).await,
        KeysAction::Status => status(json).await,
    }
}

fn generate(json: bool) -> anyhow::Result<()> {
    let key = keyring::generate();
    if json {
        println!("{}", json!({ "key": key.expose_secret() }));
    } else {
        println!("{}", key.expose_secret());
    }
    eprintln!(
        "Keep it where the environment's secrets are kept, and nowhere else.\n\
         For a new database: as ENCRYPTION_KEY of every instance.\n\
         To change the key of one that runs: into ENCRYPTION_KEY_PREVIOUS first; \
         `anchor keys --help` tells the order."
    );
    Ok(())
}

async fn rotate(json: bool) -> anyhow::Result<()> {
    let keyring = config::keyring(&|name| std::env::var(name).ok())?;
    let pool = key_store().await?;
    let shown = Shown::of_keys("wrapping keys anew");
    let position = |keys: u64| Position(i64::try_from(keys).unwrap_or(i64::MAX));
    let tell = |done, total| shown.tell(position(done), position(total));
    let done = rotation::rewrap(&pool, &keyring, tell).await?;
    drop(shown);
    if json {
        println!("{}", in_json(&done));
    } else if done.member_keys + done.program_keys + done.still_earlier == 0 {
        println!("Every key is under ENCRYPTION_KEY: nothing to do.");
    } else {
        let Rewrapped { member_keys, program_keys, .. } = &done;
        println!(
            "{member_keys} members' keys and {program_keys} of the program are under \
             ENCRYPTION_KEY now."
        );
    }
    let left = left_over(&done);
    if left.is_empty() { Ok(()) } else { Err(Difference(left.join("; ")).into()) }
}

fn in_json(done: &Rewrapped) -> Value {
    json!({
        "member_keys": done.member_keys,
        "program_keys": done.program_keys,
        "still_under_earlier_keys": done.still_earlier,
        "missing_keys": done.missing,
        "not_opened": done.not_opened,
    })
}

/// What is not under the present key, and what to do about it.
fn left_over(done: &Rewrapped) -> Vec<String> {
    let mut left = Vec::new();
    if !done.missing.is_empty() {
        left.push(format!(
            "not given, and still needed: {}; put them into ENCRYPTION_KEY_PREVIOUS",
            in_words(&done.missing)
        ));
    }
    if done.not_opened > 0 {
        left.push(format!(
            "{} keys were changed or belong to another row and were left as they are: \
             compare with a backup",
            done.not_opened
        ));
    }
    if left.is_empty() && done.still_earlier > 0 {
        left.push(format!(
            "{} keys were made under an earlier key meanwhile: an instance still has it as \
             ENCRYPTION_KEY; swap it there, then run this again",
            done.still_earlier
        ));
    }
    left
}

async fn status(json: bool) -> anyhow::Result<()> {
    let keyring = config::keyring_if_any(&|name| std::env::var(name).ok())?;
    let pool = key_store().await?;
    let all = rotation::status(&pool, keyring.as_ref()).await?;
    if json {
        let all: Vec<Value> = all.iter().map(line).collect();
        println!("{}", json!({ "keys": all }));
    } else if all.is_empty() {
        println!("No key is given, and none is needed yet.");
    } else {
        all.iter().for_each(|status| println!("{}", told(status)));
    }
    let missing = all.iter().filter(|status| status.known == Known::NotGiven);
    let missing: BTreeSet<String> = missing.map(|status| status.wraps.id.clone()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let missing = in_words(&missing);
    Err(Difference(format!("not given, and still needed: {missing}")).into())
}

fn line(status: &KeyStatus) -> Value {
    let known = match status.known {
        Known::Present => "present",
        Known::Previous => "previous",
        Known::NotGiven => "not_given",
    };
    json!({
        "id": status.wraps.id,
        "known": known,
        "member_keys": status.wraps.member_keys,
        "program_keys": status.wraps.program_keys,
        "removable": status.is_removable(),
    })
}

fn told(status: &KeyStatus) -> String {
    let wraps = &status.wraps;
    let given = match status.known {
        Known::Present => "ENCRYPTION_KEY",
        Known::Previous => "ENCRYPTION_KEY_PREVIOUS",
        Known::NotGiven => "not given",
    };
    let amount = if status.is_needed() {
        format!("{} members' keys and {} of the program", wraps.member_keys, wraps.program_keys)
    } else {
        "nothing".to_owned()
    };
    let advice = match (status.known, status.is_needed()) {
        (Known::Present, _) => "It wraps what is made from now on.",
        (Known::Previous, true) => "Not removable yet: `anchor keys rotate` comes first.",
        (Known::Previous, false) => {
            "Removable, once no instance has it as ENCRYPTION_KEY and unless it is the next one."
        }
        (Known::NotGiven, _) => {
            "All that these keys seal is unreadable: bring it back in ENCRYPTION_KEY_PREVIOUS."
        }
    };
    format!("{} ({given}) wraps {amount}. {advice}", wraps.id)
}

fn in_words(ids: &BTreeSet<String>) -> String {
    ids.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// The key store of a database whose schema fits.
async fn key_store() -> anyhow::Result<PgPool> {
    let url = config::database_url(&|name| std::env::var(name).ok())?;
    // A pool waits for a server that is not there; one connection says so at once.
    database::connect_one(&url, Role::Keys).await?;
    fits(&database::connect(&url, Role::App, 1).await?).await?;
    Ok(database::connect(&url, Role::Keys, 2).await?)
}
