//! How does a developer get a token? Signed with the shared secret, for machines where that is set.
//!
//! A production project uses published keys and has no shared secret here, so nothing in Anchor can
//! make a token for it.
//!
//! Rows: F5.

use chrono::{DateTime, Duration, Utc};
use domain::ids::PartnerId;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use url::Url;
use uuid::Uuid;

use super::token::{AUDIENCE, Role, issuer_of};
use crate::clock::real_now;

/// For whom a development token is made.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// The subject.
    pub sub: Uuid,
    /// What it allows.
    pub role: Role,
    /// Of which partner; needed with the role partner.
    pub partner_id: Option<PartnerId>,
    /// As if a second factor had been shown.
    pub has_second_factor: bool,
    /// How long it is good for.
    pub ttl: Duration,
}

/// A development token, as if the project at `supabase_url` had issued it just now.
///
/// # Errors
/// [`MintError::PartnerMissing`] for a partner's token that names no partner.
pub fn mint(
    secret: &SecretString,
    supabase_url: &Url,
    order: &NewToken,
) -> Result<SecretString, MintError> {
    mint_at(secret, &issuer_of(supabase_url), order, real_now())
}

pub(super) fn mint_at(
    secret: &SecretString,
    issuer: &str,
    order: &NewToken,
    now: DateTime<Utc>,
) -> Result<SecretString, MintError> {
    if order.role == Role::Partner && order.partner_id.is_none() {
        return Err(MintError::PartnerMissing);
    }
    let token_claims = json!({
        "sub": order.sub,
        "aud": AUDIENCE,
        "iss": issuer,
        "iat": now.timestamp(),
        "exp": (now + order.ttl).timestamp(),
        "role": AUDIENCE,
        "aal": if order.has_second_factor { "aal2" } else { "aal1" },
        "app_metadata": { "anchor_role": order.role.as_str(), "partner_id": order.partner_id },
    });
    let key = EncodingKey::from_secret(secret.expose_secret().as_bytes());
    let token = encode(&Header::new(Algorithm::HS256), &token_claims, &key)
        .map_err(|_| MintError::NotSigned)?;
    Ok(SecretString::from(token))
}

/// Why no token was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MintError {
    /// Name the partner with `--partner`.
    #[error("a partner's token names the partner")]
    PartnerMissing,
    /// The secret cannot sign.
    #[error("the token could not be signed")]
    NotSigned,
}
