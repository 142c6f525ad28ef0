//! How does this partner sign? What its file says under `[webhooks]`, and nothing by default that
//! lets anything pass.
//!
//! | `scheme` | what is signed | in which header | time | id |
//! | --- | --- | --- | --- | --- |
//! | `standard_webhooks` | `id.timestamp.body` | `webhook-signature: v1,…` | 300 s | `webhook-id` |
//! | `github` | the body | its own: `sha256=<hex>` | none | in the body |
//! | `stripe` | `t.body` | its own: `t=<unix>,v1=<hex>[,v1=…]` | 300 s | in the body |
//!
//! A header of its own is named by `signature_header`; an id in the body by `id_field`, and without
//! one it is the body's digest.
//!
//! *Why no id from a header that nothing signs*: whoever has seen one webhook could send it again
//! under a new id for ever, or take away the id of one that is still to come. Where there is no
//! time to go by, the memory of ids is all there is against a replay; so an id is taken from what
//! the signature covers, or is the body's own digest.
//!
//! Rows: W2, W3, P1.

use serde::Deserialize;

/// How a partner's webhooks are signed. Always HMAC-SHA256 with a secret that was agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebhookScheme {
    /// Id, timestamp and signature in three headers.
    StandardWebhooks,
    /// One header, over the body alone, as GitHub has it.
    Github {
        /// Which header.
        signature_header: String,
        /// Which field of the body tells one webhook from another; its digest when there is none.
        id_field: Option<String>,
    },
    /// Time and signatures in one header, as Stripe has it.
    Stripe {
        /// Which header.
        signature_header: String,
        /// Which field of the body tells one webhook from another; its digest when there is none.
        id_field: Option<String>,
    },
}

impl WebhookScheme {
    /// Whether `whsec_` in front of a secret says that base64 follows. Others sign with the very
    /// characters.
    #[must_use]
    pub fn has_encoded_secrets(&self) -> bool {
        match self {
            Self::StandardWebhooks => true,
            Self::Github { .. } | Self::Stripe { .. } => false,
        }
    }
}

/// What a file says of webhooks.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::partners) struct Webhooks {
    #[serde(default)]
    scheme: Name,
    signature_header: Option<String>,
    id_field: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Name {
    #[default]
    StandardWebhooks,
    Github,
    Stripe,
}

impl Webhooks {
    /// What it comes to.
    ///
    /// # Errors
    /// A piece of the line that is meant, and what is wrong with it.
    pub fn scheme(&self) -> Result<WebhookScheme, (&'static str, &'static str)> {
        if self.signature_header.as_deref().is_some_and(|name| !is_header(name)) {
            return Err(("signature_header", "a header's name is 1 to 64 of a-z, 0-9 and -"));
        }
        if self.id_field.as_deref().is_some_and(|name| !is_field(name)) {
            return Err(("id_field", "a field's name is 1 to 64 of A-Z, a-z, 0-9 and _"));
        }
        let id_field = self.id_field.clone();
        match (self.scheme, self.signature_header.clone()) {
            (Name::StandardWebhooks, None) if id_field.is_none() => {
                Ok(WebhookScheme::StandardWebhooks)
            }
            (Name::StandardWebhooks, Some(_)) => {
                Err(("signature_header", "standard_webhooks has headers of its own"))
            }
            (Name::StandardWebhooks, None) => {
                Err(("id_field", "standard_webhooks has its id in a header that is signed"))
            }
            (Name::Github | Name::Stripe, None) => {
                Err(("scheme", "this scheme needs a signature_header"))
            }
            (Name::Github, Some(signature_header)) => {
                Ok(WebhookScheme::Github { signature_header, id_field })
            }
            (Name::Stripe, Some(signature_header)) => {
                Ok(WebhookScheme::Stripe { signature_header, id_field })
            }
        }
    }
}

fn is_header(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=64).contains(&name.len()) && name.bytes().all(is_plain)
}

fn is_field(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (1..=64).contains(&name.len()) && name.bytes().all(is_plain)
}
