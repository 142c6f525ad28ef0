//! Who calls? Client credentials for a bearer token, as the partners' OAuth2 server.
//!
//! Rows: P8, P11.

use actix_web::http::header::AUTHORIZATION;
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::Duration;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::json;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::faults::{Kind, Operation};
use super::state::{State, error};
use crate::clock::real_now;

const LASTS_SECONDS: i64 = 3_600;

/// What a token is asked for with.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    grant_type: String,
}

/// `POST /{partner}/oauth/token`
pub(super) async fn token(
    state: web::Data<State>,
    partner: web::Path<String>,
    request: HttpRequest,
    wanted: web::Form<Wanted>,
) -> HttpResponse {
    let Some(known) = state.partners.get(partner.as_str()) else {
        return error(404, "not_found", "There is no such partner here.");
    };
    let invalid = || HttpResponse::Unauthorized().json(json!({ "error": "invalid_client" }));
    let Some((id, secret)) = basic_credentials(&request) else { return invalid() };
    let is_secret = known.client_secret.expose_secret().as_bytes().ct_eq(secret.as_bytes());
    if known.client_id != id || !bool::from(is_secret) {
        return invalid();
    }
    if wanted.grant_type != "client_credentials" {
        return HttpResponse::BadRequest().json(json!({ "error": "unsupported_grant_type" }));
    }
    let mut desk = state.desk();
    if desk.faults.take(&partner, Operation::Token).is_some_and(|f| f.kind == Kind::Error500) {
        return HttpResponse::InternalServerError().body("internal error");
    }
    let token = format!("sbx_{}", Uuid::new_v4().simple());
    let until = real_now() + Duration::seconds(LASTS_SECONDS);
    desk.tokens.insert(token.clone(), (partner.clone(), until));
    HttpResponse::Ok().json(json!({
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": LASTS_SECONDS,
    }))
}

fn basic_credentials(request: &HttpRequest) -> Option<(String, String)> {
    let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let decoded = STANDARD.decode(header.strip_prefix("Basic ")?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

/// Whether the call carries a token of this partner's.
pub(super) fn may_call(state: &State, partner: &str, request: &HttpRequest) -> bool {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some(token) = header.and_then(|text| text.strip_prefix("Bearer ")) else { return false };
    let desk = state.desk();
    let known = desk.tokens.get(token);
    known.is_some_and(|(owner, until)| owner == partner && *until > real_now())
}
