//! What does a partner tell us? Verified, stored, answered, in this order, and nothing else here.
//!
//! What it means is worked out afterwards by [`crate::inbox`]: a notice that is answered is
//! durable, and the partner never waits for us to think.
//!
//! - [`gate`]: how many are taken in a second, and at once
//! - [`strangers`]: who keeps coming with a wrong signature
//! - `object`: what a body has to be
//!
//! *Guarantees*: who has come too often, and what is too much or too large, is turned away before
//! any cryptography and before the database is asked anything; the partner is found by the address
//! and never by the body; nothing of a body is looked at before its signature is good. A bad
//! signature and a signed body that is no JSON object leave a security event and nothing else.
//!
//! Rows: W1, W2, W3, W4, W5. Threats: T1, T2, T19.

pub mod gate;
mod object;
pub mod strangers;

use actix_web::http::header::{HeaderMap, HeaderValue, RETRY_AFTER};
use actix_web::web::{Bytes, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use domain::ids::PartnerId;
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Network;
use super::json::read;
use super::problem::{Code, Problem};
use super::state::AppState;
use crate::access::BySignature;
use crate::inbox::security::{self, SecurityEvent};
use crate::inbox::{AcceptedAs, Received};
use crate::partners::signature::{Agreed, VerifiedNotice, claimed_id, verify};
use gate::Full;
use object::is_object;

/// The most bytes a notice may have.
pub const MAX_NOTICE_BYTES: usize = 256 * 1024;

/// That a notice is kept.
#[derive(Debug, Serialize, ToSchema)]
pub struct Taken {
    /// Always true, also when the same notice was kept before.
    accepted: bool,
}

/// Takes a partner's signed notice. Answered once it is durable; the same id again is answered the
/// same and has no further effect. At most 256 kB. Signed by Standard Webhooks, the headers below,
/// unless another scheme was agreed: the signature in one header, over the body alone or with the
/// time in it, and the id in the body.
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
        (status = 429, description = "too_many_requests: too many bad signatures from there",
            body = super::problem::ProblemShape, content_type = "application/problem+json"),
        (status = 503, description = "busy: more is coming than is taken",
            body = super::problem::ProblemShape, content_type = "application/problem+json"),
    ))]
pub async fn receive(
    _: BySignature,
    request: HttpRequest,
    payload: Payload,
    state: Data<AppState>,
) -> Result<HttpResponse, Problem> {
    let from = super::caller::network_of(&request, &state.trusted_proxies);
    turn_away(&state, from)?;
    let (partner, agreed) = sender(&request, &state)?;
    let busy = |_: Full| Problem::new(Code::Busy);
    state.gate.turn().await.map_err(busy)?;
    let body = read(&request, payload.into_inner(), MAX_NOTICE_BYTES).await?;
    let _inside = state.gate.enter().map_err(busy)?;
    turn_away(&state, from)?;
    let door = Door { request: &request, state: &state, partner: &partner, from };
    let verified = door.verified(&agreed, &body).await?;
    door.store(&verified, &body).await?;
    Ok(HttpResponse::Accepted().json(Taken { accepted: true }))
}

/// Refuses who came too often with a wrong signature.
fn turn_away(state: &AppState, from: Option<Network>) -> Result<(), Problem> {
    match from.and_then(|from| state.strangers.turned_away_for(from)) {
        None => Ok(()),
        Some(seconds) => Err(Problem::new(Code::TooManyRequests)
            .header(RETRY_AFTER, HeaderValue::from(seconds))
            .detail("Too many signatures from this address were wrong.")),
    }
}

/// The partner of the address, if notices are taken from it.
fn sender(
    request: &HttpRequest,
    state: &AppState,
) -> Result<(PartnerId, std::sync::Arc<Agreed>), Problem> {
    let id = request.match_info().get("partner").and_then(|text| text.parse::<PartnerId>().ok());
    let known = id.and_then(|id| state.agreements.with(&id).map(|agreed| (id, agreed)));
    known.ok_or_else(|| Problem::new(Code::PartnerUnknown))
}

/// One partner's door, while somebody stands at it.
struct Door<'a> {
    request: &'a HttpRequest,
    state: &'a AppState,
    partner: &'a PartnerId,
    from: Option<Network>,
}

impl Door<'_> {
    async fn verified(&self, agreed: &Agreed, body: &Bytes) -> Result<VerifiedNotice, Problem> {
        let headers = self.request.headers();
        let header = |name: &str| only(headers, name);
        let now = self.state.clock.real_now();
        match verify(agreed, &header, body, now) {
            Ok(verified) if is_object(body) => Ok(verified),
            Ok(verified) => {
                self.remember("not_json", Some(verified.id())).await;
                Err(Problem::new(Code::NotJson))
            }
            Err(refusal) => {
                let id = claimed_id(&agreed.scheme, &header);
                self.remember(refusal.as_str(), id).await;
                if self.from.is_some_and(|from| self.state.strangers.was_wrong(from)) {
                    self.remember("too_many_bad_signatures", None).await;
                }
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
        let address = self.from.map(|from| from.to_string());
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
