//! What does a newcomer read first? Where things are, a token for each role, and calls to paste.

use secrecy::ExposeSecret;

use super::cast::{CAST, MIA};
use super::client::{Caller, Client};
use super::household::Household;
use crate::access::Role;

/// Where everything is.
pub fn addresses(base: &str, household: &Household) {
    println!("Anchor is running.");
    println!("  API and its documents   {base}/docs");
    println!("  the partners' sandbox   {}", household.sandbox_url().unwrap_or_default());
    println!("  its environment         {}", household.environment_file().display());
}

/// Tokens and calls that work when pasted.
///
/// # Errors
/// When a token cannot be signed.
pub fn tokens_and_calls(base: &str, client: &Client) -> anyhow::Result<()> {
    println!("\nTokens, good for twelve hours:");
    for role in [Role::Service, Role::Partner, Role::Support, Role::Finance, Role::Admin] {
        let token = client.token(Caller::staff(role))?;
        println!("  {:<8} {}", role.as_str(), token.expose_secret());
    }
    for person in CAST {
        let token = client.token(Caller::member(person.id))?;
        println!("  {:<8} {}", person.name, token.expose_secret());
    }
    let mia = client.token(Caller::member(MIA.id))?;
    let finance = client.token(Caller::staff(Role::Finance))?;
    println!("\nTry these:");
    println!("  curl -s {base}/api/rewards -H 'Authorization: Bearer {}'", mia.expose_secret());
    println!(
        "  curl -s {base}/api/reconciliation/summary -H 'Authorization: Bearer {}'",
        finance.expose_secret()
    );
    println!("  curl -s {base}/api/partners");
    println!("  anchor clock forward 2d");
    println!("\nCtrl-C stops all of it; the next start goes on where it was.");
    Ok(())
}
