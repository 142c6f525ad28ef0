//! What makes a webhook theirs? HMAC-SHA256 over id, timestamp and the raw body, compared in
//! constant time, with every live secret.
//!
//! *Why a type for the result*: [`VerifiedNotice`] can be built by [`verify`] alone, and the inbox
//! takes nothing else. There is no default that passes.
//!
//! *Guarantees*: sizes and counts are checked before any cryptography; the timestamp must be within
//! five minutes of the real clock; nothing of the body is looked at.
//!
//! Rows: W2, W3, W4.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

use super::settings::WebhookSecret;

/// How far a timestamp may be from now, in seconds.
pub const WINDOW_SECONDS: i64 = 300;
const MOST_SIGNATURES: usize = 16;
const LONGEST_ID: usize = 128;

/// The headers that sign a webhook, as they came.
#[derive(Debug, Clone, Copy, Default)]
pub struct SignatureHeaders<'a> {
    /// `webhook-id`
    pub id: Option<&'a str>,
    /// `webhook-timestamp`
    pub timestamp: Option<&'a str>,
    /// `webhook-signature`
    pub signature: Option<&'a str>,
}

/// A webhook whose signature was good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedNotice {
    id: String,
    sent_at: DateTime<Utc>,
}

impl VerifiedNotice {
    /// The partner's id of it; the same again is the same notice.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// When it was sent, by its own word.
    #[must_use]
    pub fn sent_at(&self) -> DateTime<Utc> {
        self.sent_at
    }
}

/// Why a webhook is not theirs, or not fresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Send all three headers.
    #[error("a signature header is missing")]
    Missing,
    /// Send them in their documented form.
    #[error("a signature header is malformed")]
    Malformed,
    /// Send it within five minutes.
    #[error("the timestamp is too far from now")]
    Stale,
    /// Sign with the secret that was agreed.
    #[error("no signature is right")]
    Wrong,
}

impl SignatureError {
    /// A word for security events.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "signature_missing",
            Self::Malformed => "signature_malformed",
            Self::Stale => "signature_stale",
            Self::Wrong => "signature_wrong",
        }
    }
}

/// Checks a webhook against every live secret.
///
/// # Errors
/// [`SignatureError`].
pub fn verify(
    secrets: &[WebhookSecret],
    headers: &SignatureHeaders<'_>,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<VerifiedNotice, SignatureError> {
    let (Some(id), Some(timestamp), Some(signature)) =
        (headers.id, headers.timestamp, headers.signature)
    else {
        return Err(SignatureError::Missing);
    };
    let is_id = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !(1..=LONGEST_ID).contains(&id.len()) || !id.chars().all(is_id) {
        return Err(SignatureError::Malformed);
    }
    if !timestamp.chars().all(|c| c.is_ascii_digit()) || timestamp.len() > 12 {
        return Err(SignatureError::Malformed);
    }
    let seconds: i64 = timestamp.parse().map_err(|_| SignatureError::Malformed)?;
    let sent_at = DateTime::from_timestamp(seconds, 0).ok_or(SignatureError::Malformed)?;
    let offered = offered(signature)?;
    if (now - sent_at).num_seconds().abs() > WINDOW_SECONDS {
        return Err(SignatureError::Stale);
    }
    let mut is_right = Choice::from(0);
    for secret in secrets {
        let expected = mac(secret, id, timestamp, body);
        for candidate in &offered {
            is_right |= expected.ct_eq(candidate);
        }
    }
    if bool::from(is_right) {
        Ok(VerifiedNotice { id: id.to_owned(), sent_at })
    } else {
        Err(SignatureError::Wrong)
    }
}

/// The `v1` signatures of the header, decoded; other versions are passed over.
fn offered(header: &str) -> Result<Vec<[u8; 32]>, SignatureError> {
    let parts: Vec<&str> = header.split(' ').filter(|part| !part.is_empty()).collect();
    if parts.is_empty() || parts.len() > MOST_SIGNATURES {
        return Err(SignatureError::Malformed);
    }
    let mut offered = Vec::new();
    for part in parts {
        let (version, encoded) = part.split_once(',').ok_or(SignatureError::Malformed)?;
        if version == "v1" {
            let bytes = STANDARD.decode(encoded).map_err(|_| SignatureError::Malformed)?;
            offered.push(bytes.try_into().map_err(|_| SignatureError::Malformed)?);
        }
    }
    Ok(offered)
}

/// The `webhook-signature` of a body, as its sender makes it.
#[must_use]
pub fn sign(secret: &WebhookSecret, id: &str, timestamp: i64, body: &[u8]) -> String {
    format!("v1,{}", STANDARD.encode(mac(secret, id, &timestamp.to_string(), body)))
}

fn mac(secret: &WebhookSecret, id: &str, timestamp: &str, body: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.bytes()).expect("any length is a key");
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}
