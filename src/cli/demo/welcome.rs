//! What does a newcomer read first? Where things are, a token for each role, and calls to paste.

use std::path::Path;

use anyhow::Context as _;
use secrecy::ExposeSecret;

use super::cast::{CAST, MIA};
use super::client::{Caller, Client};
use super::household::Household;
use super::voice::Voice;
use crate::access::Role;

/// Where everything is.
pub fn addresses(voice: Voice, base: &str, household: &Household) {
    voice.say("Anchor is running. Times are UTC.");
    voice.say(format_args!("  API and its documents   {base}/docs"));
    let sandbox = household.sandbox_url().unwrap_or_default();
    voice.say(format_args!("  the partners' sandbox   {sandbox}"));
    let environment = household.environment_file();
    voice.say(format_args!("  its environment         {}", environment.display()));
}

/// Tokens and calls that work when pasted.
///
/// # Errors
/// When a token cannot be signed.
pub fn tokens_and_calls(
    voice: Voice,
    base: &str,
    client: &Client,
    household: &Household,
) -> anyhow::Result<()> {
    voice.say("\nTokens, good for twelve hours:");
    for role in [Role::Service, Role::Partner, Role::Support, Role::Finance, Role::Admin] {
        let token = client.token(Caller::staff(role))?;
        voice.say(format_args!("  {:<8} {}", role.as_str(), token.expose_secret()));
    }
    for person in CAST {
        let token = client.token(Caller::member(person.id))?;
        voice.say(format_args!("  {:<8} {}", person.name, token.expose_secret()));
    }
    voice.say("\nTry these:");
    let mia = client.token(Caller::member(MIA.id))?;
    let finance = client.token(Caller::staff(Role::Finance))?;
    for (path, token) in [("/api/rewards", mia), ("/api/reconciliation/summary", finance)] {
        let token = token.expose_secret();
        voice.say(format_args!("  curl -s {base}{path} -H 'Authorization: Bearer {token}'"));
    }
    voice.say(format_args!("  curl -s {base}/api/partners"));
    let program = quoted(&std::env::current_exe().context("a program has a path")?);
    let folder = quoted(&household.folder);
    voice.say(format_args!("  {program} clock forward 2d --data-dir {folder}"));
    voice.say("\nCtrl-C stops all of it; the next start goes on where it was.");
    Ok(())
}

/// A path as a shell takes it for one word.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if text.chars().all(is_plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
