//! Which tokens are there? For us by our credentials, for a customer by what they agreed to.
//!
//! Rows: P8, P11.

use std::time::Duration as Span;

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

use super::grants::{account_of, exchange, refresh};
use crate::clock::real_now;
use crate::sandbox::faults::{Kind, Operation};
use crate::sandbox::state::{State, error};

const LASTS_SECONDS: i64 = 3_600;
/// How long a call is held that is never answered: longer than anybody waits.
const HELD: Span = Span::from_secs(60);

/// What a token is asked for with.
#[derive(Debug, Deserialize)]
pub(in crate::sandbox) struct Wanted {
    grant_type: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    redirect_uri: String,
    #[serde(default)]
    code_verifier: String,
    #[serde(default)]
    refresh_token: String,
}

/// `POST /{partner}/oauth/token`
pub(in crate::sandbox) async fn token(
    state: web::Data<State>,
    partner: web::Path<String>,
    request: HttpRequest,
    wanted: web::Form<Wanted>,
) -> HttpResponse {
    if !state.partners.contains_key(partner.as_str()) {
        return error(404, "not_found", "There is no such partner here.");
    }
    if !is_client(&state, &partner, &request) {
        return HttpResponse::Unauthorized().json(json!({ "error": "invalid_client" }));
    }
    let fault = state.desk().faults.take(&partner, Operation::Token).map(|fault| fault.kind);
    match fault {
        Some(Kind::Error500) => {
            return HttpResponse::InternalServerError().body("internal error");
        }
        Some(Kind::Refuse) => return no("invalid_grant"),
        Some(Kind::RateLimit) => return error(429, "rate_limited", "Too many calls."),
        Some(Kind::TimeoutBefore) => {
            tokio::time::sleep(HELD).await;
            return HttpResponse::InternalServerError().finish();
        }
        _ => {}
    }
    let answer = give(&state, &partner, &wanted);
    if fault == Some(Kind::TimeoutAfter) {
        tokio::time::sleep(HELD).await;
    }
    answer
}

fn give(state: &State, partner: &str, wanted: &Wanted) -> HttpResponse {
    let until = real_now() + Duration::seconds(LASTS_SECONDS);
    let mut desk = state.desk();
    let pair = match wanted.grant_type.as_str() {
        "client_credentials" => {
            let token = format!("sbx_{}", Uuid::new_v4().simple());
            desk.tokens.insert(token.clone(), (partner.to_owned(), until));
            return HttpResponse::Ok().json(json!({
                "access_token": token,
                "token_type": "Bearer",
                "expires_in": LASTS_SECONDS,
            }));
        }
        "authorization_code" => {
            let shown = (&*wanted.code, &*wanted.redirect_uri, &*wanted.code_verifier);
            exchange(&mut desk, partner, shown, until)
        }
        "refresh_token" => refresh(&mut desk, partner, &wanted.refresh_token, until),
        _ => Err("unsupported_grant_type"),
    };
    match pair {
        Ok(pair) => HttpResponse::Ok().insert_header(("cache-control", "no-store")).json(json!({
            "access_token": pair.access,
            "refresh_token": pair.refresh,
            "token_type": "Bearer",
            "expires_in": LASTS_SECONDS,
        })),
        Err(why) => no(why),
    }
}

fn no(why: &str) -> HttpResponse {
    HttpResponse::BadRequest().json(json!({ "error": why }))
}

/// Whether this is us, by our id and secret.
pub(super) fn is_client(state: &State, partner: &str, request: &HttpRequest) -> bool {
    let Some(known) = state.partners.get(partner) else { return false };
    let Some((id, secret)) = basic_credentials(request) else { return false };
    let is_secret = known.client_secret.expose_secret().as_bytes().ct_eq(secret.as_bytes());
    known.client_id == id && bool::from(is_secret)
}

/// Id and secret as the standard has them: each encoded as in a form before they are joined.
fn basic_credentials(request: &HttpRequest) -> Option<(String, String)> {
    let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let decoded = STANDARD.decode(header.strip_prefix("Basic ")?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (id, secret) = text.split_once(':')?;
    let plain = |text: &str| {
        let pair = format!("v={text}");
        url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned())
    };
    Some((plain(id)?, plain(secret)?))
}

/// The bearer token of a call.
pub(super) fn bearer(request: &HttpRequest) -> Option<&str> {
    request.headers().get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// Whether the call carries a token of ours with this partner.
pub(in crate::sandbox) fn may_call(state: &State, partner: &str, request: &HttpRequest) -> bool {
    let Some(token) = bearer(request) else { return false };
    let desk = state.desk();
    let known = desk.tokens.get(token);
    known.is_some_and(|(owner, until)| owner == partner && *until > real_now())
}

/// Whether the call may ask about this account: with a token of ours, or with its customer's.
pub(in crate::sandbox) fn may_ask(
    state: &State,
    partner: &str,
    (request, number): (&HttpRequest, &str),
) -> bool {
    let of_customer = bearer(request).and_then(|t| account_of(&state.desk(), partner, t));
    match of_customer {
        Some(own) => own == number,
        None => may_call(state, partner, request),
    }
}
