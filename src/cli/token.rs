//! A development token: who is asking, as which role?
//!
//! Only where the shared secret of the tokens is configured; elsewhere the identity provider alone
//! makes them.
//!
//! Rows: F5, U5.

use anyhow::{Context as _, bail};
use clap::Args;
use domain::ids::PartnerId;
use secrecy::{ExposeSecret, SecretString};
use url::Url;
use uuid::Uuid;

use crate::access::{NewToken, Role, mint};

/// What `anchor token` takes.
#[derive(Debug, Args)]
pub struct TokenArguments {
    /// member, service, partner, support, finance or admin
    #[arg(long)]
    role: Role,
    /// The person's id; a new one when absent
    #[arg(long)]
    sub: Option<Uuid>,
    /// The partner whose person it is, with --role partner
    #[arg(long)]
    partner: Option<PartnerId>,
    /// With a second factor
    #[arg(long)]
    aal2: bool,
    /// How long it is good for, such as 30m, 8h or 2d
    #[arg(long, default_value = "8h", value_parser = super::clock::parse_span)]
    ttl: chrono::Duration,
}

/// Makes the token and prints it, alone on its line.
///
/// # Errors
/// When no shared secret is configured, or a partner's token names no partner.
pub fn run(arguments: TokenArguments, json: bool) -> anyhow::Result<()> {
    if (arguments.role == Role::Partner) != arguments.partner.is_some() {
        bail!("--partner goes with --role partner, and is needed there");
    }
    let secret = std::env::var("SUPABASE_JWT_SECRET")
        .map(SecretString::from)
        .context("SUPABASE_JWT_SECRET is missing: tokens are made where it is configured")?;
    let issuer = std::env::var("SUPABASE_URL").context("SUPABASE_URL is missing")?;
    let issuer = Url::parse(&issuer).context("SUPABASE_URL is not a URL")?;
    let token = mint(
        &secret,
        &issuer,
        &NewToken {
            sub: arguments.sub.unwrap_or_else(Uuid::new_v4),
            role: arguments.role,
            partner_id: arguments.partner,
            has_second_factor: arguments.aal2,
            ttl: arguments.ttl,
        },
    )?;
    if json {
        println!("{}", serde_json::json!({ "token": token.expose_secret() }));
    } else {
        println!("{}", token.expose_secret());
    }
    Ok(())
}
