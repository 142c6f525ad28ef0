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
use uuid::Uuid;

use super::token::{AUDIENCE, Aal, Role};

/// For whom a development token is made.
#[derive(Debug, Clone)]
pub struct TokenOrder {
    /// The subject.
    pub sub: Uuid,
    /// What it allows.
    pub role: Role,
    /// Of which partner; needed with the role partner.
    pub partner_id: Option<PartnerId>,
    /// As if by one factor or two.
    pub aal: Aal,
    /// How long it lives.
    pub lives_for: Duration,
}

/// A development token, issued by `issuer` (`<SUPABASE_URL>/auth/v1`) at `now` of the real clock.
///
/// # Errors
/// [`MintError::PartnerMissing`] for a partner's token that names no partner.
pub fn mint(
    secret: &SecretString,
    issuer: &str,
    order: &TokenOrder,
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
        "exp": (now + order.lives_for).timestamp(),
        "role": AUDIENCE,
        "aal": if order.aal == Aal::Two { "aal2" } else { "aal1" },
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
