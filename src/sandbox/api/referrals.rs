//! Somebody would like to hear from a support service: taken down once a key.
//!
//! Rows: P5, P11.

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::orders::cut_off;
use crate::sandbox::book::{Line, Referral};
use crate::sandbox::faults::{Kind, Operation};
use crate::sandbox::oauth::may_call;
use crate::sandbox::state::{State, book_failed, error};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    email: String,
    name: Option<String>,
}

/// `POST /{partner}/referrals`
pub(in crate::sandbox) async fn take(
    state: web::Data<State>,
    partner: web::Path<String>,
    request: HttpRequest,
    body: Bytes,
) -> HttpResponse {
    if !may_call(&state, &partner, &request) {
        return error(401, "unauthorized", "The token is not known here.");
    }
    let key = request.headers().get("Idempotency-Key").and_then(|value| value.to_str().ok());
    let (Some(key), Ok(wanted)) = (key, serde_json::from_slice::<Wanted>(&body)) else {
        return error(400, "invalid_request", "Send an Idempotency-Key, email and name.");
    };
    if !state.partners.get(partner.as_str()).is_some_and(|p| p.entry.can("referrals")) {
        return error(404, "not_found", "No referrals are taken here.");
    }
    let mut desk = state.desk();
    let fault = desk.faults.take(&partner, Operation::Refer).map(|fault| fault.kind);
    match fault {
        Some(Kind::Refuse) => return error(422, "not_taken", "Nobody is free at the moment."),
        Some(Kind::RateLimit) => return error(429, "rate_limited", "Too many calls."),
        Some(Kind::Error500) => return HttpResponse::InternalServerError().body("internal error"),
        _ => {}
    }
    let digest = hex::encode(Sha256::digest(&body));
    if let Some(known) = desk.book.referral(&partner, key) {
        if known.request_digest != digest {
            return error(409, "idempotency_key_reused", "The key came with another body.");
        }
        let mut again = HttpResponse::Ok();
        again.insert_header(("Idempotency-Replayed", "true"));
        return again.json(json!({ "referral_id": known.referral_id }));
    }
    let referral = Referral {
        referral_id: format!("R{}", desk.book.referrals.len() + 1),
        partner: partner.into_inner(),
        idempotency_key: key.to_owned(),
        request_digest: digest,
        email: wanted.email,
        name: wanted.name,
    };
    let answer = json!({ "referral_id": referral.referral_id });
    match desk.book.write(vec![Line::Referral(referral)]) {
        Ok(()) if fault == Some(Kind::Drop) => cut_off(),
        Ok(()) => HttpResponse::Created().json(answer),
        Err(failure) => book_failed(&failure),
    }
}
