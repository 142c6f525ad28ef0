//! How does its sender sign a webhook? For the sandbox, for tests, and for what we send ourselves.
//!
//! Rows: W2, P11.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::read::{ID, SIGNATURE, TIMESTAMP};
use super::scheme::WebhookScheme;
use crate::partners::settings::WebhookSecret;

/// A webhook that is still to be signed.
#[derive(Debug, Clone, Copy)]
pub struct Unsigned<'a> {
    /// What tells it from others, where the scheme has a header for that.
    pub id: &'a str,
    /// When it is sent, in seconds since 1970, where the scheme has a word for that.
    pub at: i64,
    /// Its raw bytes.
    pub body: &'a [u8],
}

/// The headers that sign a webhook in this scheme.
#[must_use]
pub fn headers(
    scheme: &WebhookScheme,
    secret: &WebhookSecret,
    unsigned: &Unsigned<'_>,
) -> Vec<(String, String)> {
    let Unsigned { id, at, body } = *unsigned;
    match scheme {
        WebhookScheme::StandardWebhooks => vec![
            (ID.to_owned(), id.to_owned()),
            (TIMESTAMP.to_owned(), at.to_string()),
            (SIGNATURE.to_owned(), sign(secret, id, at, body)),
        ],
        WebhookScheme::Github { signature_header, .. } => {
            let signature = format!("sha256={}", hex::encode(mac(secret, b"", body)));
            vec![(signature_header.clone(), signature)]
        }
        WebhookScheme::Stripe { signature_header, .. } => {
            let mac = mac(secret, format!("{at}.").as_bytes(), body);
            vec![(signature_header.clone(), format!("t={at},v1={}", hex::encode(mac)))]
        }
    }
}

/// The `webhook-signature` of a body, as Standard Webhooks has it.
#[must_use]
pub fn sign(secret: &WebhookSecret, id: &str, timestamp: i64, body: &[u8]) -> String {
    let before = format!("{id}.{timestamp}.");
    format!("v1,{}", STANDARD.encode(mac(secret, before.as_bytes(), body)))
}

/// HMAC-SHA256 over what is signed before the body, and the body.
pub(super) fn mac(secret: &WebhookSecret, before: &[u8], body: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.bytes()).expect("any length is a key");
    mac.update(before);
    mac.update(body);
    mac.finalize().into_bytes().into()
}
