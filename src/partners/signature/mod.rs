//! What makes a webhook theirs? HMAC-SHA256 over the raw bytes as the partner's scheme has it,
//! compared in constant time, with every live secret.
//!
//! - [`scheme`]: which schemes there are, and what a partner's file says of its own
//! - [`agreed`]: scheme and secrets of one partner, and of all as they stand now
//! - [`renew`]: takes up what was changed in the vault
//! - `read`: what the headers hold, strictly
//! - [`sign`](mod@sign): the other side of it, for whoever acts as a partner
//!
//! *Why a type for the result*: [`VerifiedNotice`] can be built by [`verify`] alone, and the inbox
//! takes nothing else. There is no default that passes.
//!
//! *Guarantees*: sizes and counts are checked before any cryptography; a timestamp must be within
//! five minutes of the real clock; nothing of the body is looked at before its signature is good.
//!
//! Rows: W2, W3, W4.

pub mod agreed;
mod read;
pub mod renew;
pub mod scheme;
pub mod sign;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

pub use agreed::{Agreed, Agreements};
pub use scheme::WebhookScheme;
pub use sign::{Unsigned, headers, sign};

use read::Claimed;

/// How far a timestamp may be from now, in seconds.
pub const WINDOW_SECONDS: i64 = 300;
const LONGEST_ID: usize = 128;

/// Looks up a header that a webhook came with. One that came twice, or is no text, is there, and
/// has no good form: an empty text.
pub type Headers<'h> = &'h dyn Fn(&str) -> Option<&'h str>;

/// A webhook whose signature was good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedNotice {
    id: String,
    sent_at: DateTime<Utc>,
}

impl VerifiedNotice {
    /// What tells it from every other of this partner's; the same again is the same notice.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// When it was sent, by its own word; when it came, where its scheme has no word for that.
    #[must_use]
    pub fn sent_at(&self) -> DateTime<Utc> {
        self.sent_at
    }
}

/// Why a webhook is not theirs, or not fresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Send all headers of the scheme.
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

/// Checks a webhook against what was agreed: every live secret with every signature offered.
///
/// # Errors
/// [`SignatureError`].
pub fn verify(
    agreed: &Agreed,
    headers: Headers<'_>,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<VerifiedNotice, SignatureError> {
    let Claimed { signed_before, offered, id, sent_at } = read::claimed(&agreed.scheme, headers)?;
    if sent_at.is_some_and(|sent_at| (now - sent_at).num_seconds().abs() > WINDOW_SECONDS) {
        return Err(SignatureError::Stale);
    }
    let mut is_right = Choice::from(0);
    for secret in &agreed.secrets {
        let expected = sign::mac(secret, &signed_before, body);
        for candidate in &offered {
            is_right |= expected.ct_eq(candidate);
        }
    }
    if !bool::from(is_right) {
        return Err(SignatureError::Wrong);
    }
    let id = id.map_or_else(|| id_in(&agreed.scheme, body), str::to_owned);
    Ok(VerifiedNotice { id, sent_at: sent_at.unwrap_or(now) })
}

/// The id that a webhook comes with in a header, where that has the form of one. Not to be believed
/// before its signature is good.
#[must_use]
pub fn claimed_id<'h>(scheme: &WebhookScheme, headers: Headers<'h>) -> Option<&'h str> {
    match scheme {
        WebhookScheme::StandardWebhooks => headers(read::ID).filter(|id| is_id(id)),
        WebhookScheme::Github { .. } | WebhookScheme::Stripe { .. } => None,
    }
}

/// What a body says that it is, where the scheme names a field for that and it has the form of an
/// id; its digest otherwise. Asked only of what is theirs.
fn id_in(scheme: &WebhookScheme, body: &[u8]) -> String {
    let field = match scheme {
        WebhookScheme::StandardWebhooks => None,
        WebhookScheme::Github { id_field, .. } | WebhookScheme::Stripe { id_field, .. } => {
            id_field.as_deref()
        }
    };
    let said = field.and_then(|field| {
        let body: Value = serde_json::from_slice(body).ok()?;
        body.get(field)?.as_str().filter(|id| is_id(id)).map(str::to_owned)
    });
    said.unwrap_or_else(|| format!("sha256_{}", hex::encode(Sha256::digest(body))))
}

/// Whether this has the form of a webhook's id: 1 to 128 of `A–Z a–z 0–9 _ -`.
#[must_use]
pub fn is_id(id: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    (1..=LONGEST_ID).contains(&id.len()) && id.chars().all(is_plain)
}
