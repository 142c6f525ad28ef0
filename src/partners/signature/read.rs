//! What do the headers claim? Sizes, counts and forms, before any cryptography.
//!
//! Rows: W2, W3.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};

use super::scheme::WebhookScheme;
use super::{Headers, SignatureError, is_id};

pub(super) const ID: &str = "webhook-id";
pub(super) const TIMESTAMP: &str = "webhook-timestamp";
pub(super) const SIGNATURE: &str = "webhook-signature";

const MOST_SIGNATURES: usize = 16;
/// Enough for as many of them as are looked at.
const LONGEST_HEADER: usize = 2_048;
const LONGEST_TIMESTAMP: usize = 12;

/// What a webhook says of itself.
pub(super) struct Claimed<'h> {
    /// The bytes that are signed before the body's.
    pub signed_before: Vec<u8>,
    /// Signatures that may be right.
    pub offered: Vec<[u8; 32]>,
    /// Its id, where a header that is signed has it.
    pub id: Option<&'h str>,
    /// When it was sent, where the scheme has a word for that.
    pub sent_at: Option<DateTime<Utc>>,
}

/// What the headers of this scheme claim.
pub(super) fn claimed<'h>(
    scheme: &WebhookScheme,
    headers: Headers<'h>,
) -> Result<Claimed<'h>, SignatureError> {
    match scheme {
        WebhookScheme::StandardWebhooks => standard(headers),
        WebhookScheme::Github { signature_header, .. } => {
            let header = signature(headers, signature_header)?;
            let encoded = header.strip_prefix("sha256=").ok_or(SignatureError::Malformed)?;
            let offered = vec![from_hex(encoded)?];
            Ok(Claimed { signed_before: Vec::new(), offered, id: None, sent_at: None })
        }
        WebhookScheme::Stripe { signature_header, .. } => {
            stripe(signature(headers, signature_header)?)
        }
    }
}

fn standard<'h>(headers: Headers<'h>) -> Result<Claimed<'h>, SignatureError> {
    let (Some(id), Some(timestamp), Some(_)) =
        (headers(ID), headers(TIMESTAMP), headers(SIGNATURE))
    else {
        return Err(SignatureError::Missing);
    };
    if !is_id(id) {
        return Err(SignatureError::Malformed);
    }
    let sent_at = instant(timestamp)?;
    let header = signature(headers, SIGNATURE)?;
    let parts: Vec<&str> = header.split(' ').filter(|part| !part.is_empty()).collect();
    if parts.is_empty() || parts.len() > MOST_SIGNATURES {
        return Err(SignatureError::Malformed);
    }
    let mut offered = Vec::new();
    for part in parts {
        let (version, encoded) = part.split_once(',').ok_or(SignatureError::Malformed)?;
        // Other versions are passed over: asymmetric ones may stand beside ours.
        if version == "v1" {
            let bytes = STANDARD.decode(encoded).map_err(|_| SignatureError::Malformed)?;
            offered.push(bytes.try_into().map_err(|_| SignatureError::Malformed)?);
        }
    }
    let signed_before = format!("{id}.{timestamp}.").into_bytes();
    Ok(Claimed { signed_before, offered, id: Some(id), sent_at: Some(sent_at) })
}

/// `t=<unix>,v1=<hex>[,v1=…]`: the time once, other versions passed over.
fn stripe<'h>(header: &str) -> Result<Claimed<'h>, SignatureError> {
    let (mut timestamp, mut offered) = (None, Vec::new());
    for (n, part) in header.split(',').enumerate() {
        let (name, value) = part.split_once('=').ok_or(SignatureError::Malformed)?;
        match name {
            _ if n > MOST_SIGNATURES => return Err(SignatureError::Malformed),
            "t" if timestamp.is_none() => timestamp = Some(value),
            "t" => return Err(SignatureError::Malformed),
            "v1" => offered.push(from_hex(value)?),
            _ => {}
        }
    }
    let timestamp = timestamp.ok_or(SignatureError::Malformed)?;
    let sent_at = Some(instant(timestamp)?);
    let signed_before = format!("{timestamp}.").into_bytes();
    Ok(Claimed { signed_before, offered, id: None, sent_at })
}

fn signature<'h>(headers: Headers<'h>, name: &str) -> Result<&'h str, SignatureError> {
    let header = headers(name).ok_or(SignatureError::Missing)?;
    let is_sane = (1..=LONGEST_HEADER).contains(&header.len());
    is_sane.then_some(header).ok_or(SignatureError::Malformed)
}

/// Whole seconds since 1970, digits and nothing else.
fn instant(text: &str) -> Result<DateTime<Utc>, SignatureError> {
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits || !(1..=LONGEST_TIMESTAMP).contains(&text.len()) {
        return Err(SignatureError::Malformed);
    }
    let seconds: i64 = text.parse().map_err(|_| SignatureError::Malformed)?;
    DateTime::from_timestamp(seconds, 0).ok_or(SignatureError::Malformed)
}

fn from_hex(text: &str) -> Result<[u8; 32], SignatureError> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| SignatureError::Malformed)?;
    Ok(bytes)
}
