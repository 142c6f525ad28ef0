//! What does a partner tell us? Verified, stored, answered, in this order, and nothing else here.
//!
//! What it means is worked out afterwards by [`crate::inbox`]: a notice that is answered is
//! durable, and the partner never waits for us to think.
//!
//! *Guarantees*: sizes are bounded before any cryptography; the partner is found by the address and
//! never by the body; nothing of a body is looked at before its signature is good. A bad signature
//! and a signed body that is no JSON object leave a security event and nothing else.
//!
//! Rows: W1, W2, W3, W4, W5.

use actix_web::http::header::HeaderMap;
use actix_web::web::{Bytes, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use domain::ids::PartnerId;
use serde::Serialize;
use serde::de::IgnoredAny;
use utoipa::ToSchema;

use super::json::read;
use super::problem::{Code, Problem};
use super::state::AppState;
use crate::access::BySignature;
use crate::inbox::security::{self, SecurityEvent};
use crate::inbox::{AcceptedAs, Received};
use crate::partners::settings::PartnerSettings;
use crate::partners::signature::{SignatureHeaders, VerifiedNotice, verify};

/// The most bytes a notice may have.
pub const MAX_NOTICE_BYTES: usize = 256 * 1024;
const MAX_LEVELS: usize = 64;

/// That a notice is kept.
#[derive(Debug, Serialize, ToSchema)]
pub struct Taken {
    /// Always true, also when the same notice was kept before.
    accepted: bool,
}

/// Takes a partner's signed notice (Standard Webhooks). Answered once it is durable; the same
/// `webhook-id` again is answered the same and has no further effect. At most 256 kB.
#[utoipa::path(post, path = "/api/webhooks/{partner}", tag = "webhooks",
    request_body = Object,
    params(
        ("partner" = String, Path, description = "The partner's id"),
        ("webhook-id" = String, Header, description = "1 to 128 of A-Z a-z 0-9 _ -"),
        ("webhook-timestamp" = i64, Header, description = "Seconds since 1970, within 300 of now"),
        ("webhook-signature" = String, Header, description = "v1,<base64>, several by spaces"),
    ),
    responses(
        (status = 202, description = "Kept, or known already", body = Taken),
        (status = 400, description = "not_json", body = super::problem::ProblemShape,
            content_type = "application/problem+json"),
        (status = 401, description = "signature_not_accepted",
            body = super::problem::ProblemShape, content_type = "application/problem+json"),
    ))]
pub async fn receive(
    _: BySignature,
    request: HttpRequest,
    payload: Payload,
    state: Data<AppState>,
) -> Result<HttpResponse, Problem> {
    let (partner, settings) = sender(&request, &state)?;
    let body = read(&request, payload.into_inner(), MAX_NOTICE_BYTES).await?;
    let door = Door { request: &request, state: &state, partner };
    let verified = door.verified(settings, &body).await?;
    door.store(&verified, &body).await?;
    Ok(HttpResponse::Accepted().json(Taken { accepted: true }))
}

/// The partner of the address, if notices are taken from it.
fn sender<'a>(
    request: &HttpRequest,
    state: &'a AppState,
) -> Result<(&'a PartnerId, &'a PartnerSettings), Problem> {
    let id = request.match_info().get("partner").and_then(|text| text.parse::<PartnerId>().ok());
    let known = id.and_then(|id| state.partners.get_key_value(&id));
    known.ok_or_else(|| Problem::new(Code::PartnerUnknown))
}

/// One partner's door, while somebody stands at it.
struct Door<'a> {
    request: &'a HttpRequest,
    state: &'a AppState,
    partner: &'a PartnerId,
}

impl Door<'_> {
    async fn verified(
        &self,
        settings: &PartnerSettings,
        body: &Bytes,
    ) -> Result<VerifiedNotice, Problem> {
        let headers = self.request.headers();
        let signed = SignatureHeaders {
            id: only(headers, "webhook-id"),
            timestamp: only(headers, "webhook-timestamp"),
            signature: only(headers, "webhook-signature"),
        };
        let now = self.state.clock.real_now();
        match verify(&settings.webhook_secrets, &signed, body, now) {
            Ok(verified) if is_object(body) => Ok(verified),
            Ok(verified) => {
                self.remember("not_json", Some(verified.id())).await;
                Err(Problem::new(Code::NotJson))
            }
            Err(refusal) => {
                self.remember(refusal.as_str(), signed.id).await;
                Err(Problem::new(Code::SignatureNotAccepted))
            }
        }
    }

    async fn store(&self, verified: &VerifiedNotice, body: &Bytes) -> Result<(), Problem> {
        let received = Received { partner: self.partner, verified, body };
        let accepted = self.state.inbox.accept(received).await;
        match accepted.map_err(|error| Problem::unavailable(&error))? {
            AcceptedAs::New | AcceptedAs::Repeat => {}
            AcceptedAs::DifferentBody => {
                self.remember("webhook_id_reused", Some(verified.id())).await;
            }
        }
        Ok(())
    }

    /// Security events are kept as well as can be: a database that is away changes no answer.
    async fn remember(&self, kind: &str, external_id: Option<&str>) {
        let address = self.request.peer_addr().map(|address| address.ip().to_string());
        let event = SecurityEvent {
            kind,
            partner: Some(self.partner.as_str()),
            address: address.as_deref(),
            external_id,
        };
        tracing::warn!(kind, partner.id = %self.partner, "a notice was not what it should be");
        if let Err(error) = security::record(&self.state.pool, event).await {
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, "a security event could not be kept");
        }
    }
}

/// A header that came once, as text. What came twice or is no text is there, and has no good form.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut all = headers.get_all(name);
    let first = all.next()?;
    let is_only = all.next().is_none();
    Some(first.to_str().ok().filter(|_| is_only).unwrap_or_default())
}

/// One JSON object, in UTF-8, not deeper than anybody needs.
fn is_object(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'{')
        && std::str::from_utf8(body).is_ok()
        && levels(body) <= MAX_LEVELS
        && serde_json::from_slice::<IgnoredAny>(body).is_ok()
}

/// How deep brackets nest, strings left out. Counted before anything is parsed.
fn levels(body: &[u8]) -> usize {
    let (mut level, mut deepest) = (0_usize, 0_usize);
    let (mut in_text, mut is_escaped) = (false, false);
    for byte in body {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_text => is_escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                level += 1;
                deepest = deepest.max(level);
            }
            b'}' | b']' if !in_text => level = level.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}
