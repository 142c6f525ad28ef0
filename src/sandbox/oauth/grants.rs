//! What did customers agree to? Codes that are on their way, and agreements with their tokens.
//!
//! Rows: P8, P11.

use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Duration, Utc};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::token::{bearer, is_client};
use crate::clock::real_now;
use crate::sandbox::book::{Agreement, Line};
use crate::sandbox::state::{Desk, State, book_failed, error};

const CODE_LASTS_SECONDS: i64 = 60;

/// A code on its way from the page to the token endpoint.
pub(super) struct Code {
    pub partner: String,
    pub redirect_uri: String,
    pub challenge: String,
    pub number: String,
    pub until: DateTime<Utc>,
    /// Which agreement it was exchanged for; a second exchange ends that one.
    pub exchanged_for: Option<String>,
}

/// What customers agreed to, as far as it is not in the book.
#[derive(Default)]
pub(in crate::sandbox) struct Grants {
    codes: HashMap<String, Code>,
    /// Access tokens: of which partner and agreement, and until when.
    access: HashMap<String, (String, String, DateTime<Utc>)>,
}

/// Why there is no token: the words of the standard.
pub(super) type OAuthError = &'static str;

impl Grants {
    /// A code for what a customer has just agreed to.
    pub(super) fn give_code(&mut self, code: Code) -> String {
        let word = format!("sbx_code_{}", Uuid::new_v4().simple());
        self.codes.insert(word.clone(), code);
        word
    }

    /// A time until which a code is good.
    pub(super) fn code_until() -> DateTime<Utc> {
        real_now() + Duration::seconds(CODE_LASTS_SECONDS)
    }

    fn access_token(&mut self, agreement: &Agreement, until: DateTime<Utc>) -> String {
        let word = format!("sbx_member_{}", Uuid::new_v4().simple());
        let of = (agreement.partner.clone(), agreement.id.clone(), until);
        self.access.insert(word.clone(), of);
        word
    }

    fn agreement_of(&self, partner: &str, token: &str) -> Option<String> {
        let (of, agreement, until) = self.access.get(token)?;
        (of == partner && *until > real_now()).then(|| agreement.clone())
    }
}

/// What is exchanged at the token endpoint.
pub(super) struct Pair {
    pub access: String,
    pub refresh: String,
}

/// Exchanges a code, once, for the customer's tokens.
pub(super) fn exchange(
    desk: &mut Desk,
    partner: &str,
    (code, redirect_uri, verifier): (&str, &str, &str),
    until: DateTime<Utc>,
) -> Result<Pair, OAuthError> {
    let known = desk.grants.codes.get_mut(code).ok_or("invalid_grant")?;
    if let Some(agreement) = known.exchanged_for.clone() {
        end(desk, &agreement);
        return Err("invalid_grant");
    }
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    let is_good = known.partner == partner
        && known.redirect_uri == redirect_uri
        && known.challenge == challenge
        && known.until > real_now();
    if !is_good {
        return Err("invalid_grant");
    }
    let agreement = Agreement {
        id: Uuid::new_v4().simple().to_string(),
        partner: partner.to_owned(),
        number: known.number.clone(),
        refresh: String::new(),
        has_ended: false,
    };
    known.exchanged_for = Some(agreement.id.clone());
    next_pair(desk, agreement, until)
}

/// Exchanges a refresh token, once, for the next pair.
pub(super) fn refresh(
    desk: &mut Desk,
    partner: &str,
    token: &str,
    until: DateTime<Utc>,
) -> Result<Pair, OAuthError> {
    let id = token.split('.').next().unwrap_or_default();
    let known = desk.book.agreements.get(id).cloned().ok_or("invalid_grant")?;
    if known.has_ended || known.partner != partner {
        return Err("invalid_grant");
    }
    if known.refresh != token {
        // Used before: by a thief, or by us without knowing. Nobody gets any more of it.
        end(desk, id);
        return Err("invalid_grant");
    }
    next_pair(desk, known, until)
}

fn next_pair(
    desk: &mut Desk,
    mut agreement: Agreement,
    until: DateTime<Utc>,
) -> Result<Pair, OAuthError> {
    agreement.refresh = format!("{}.{}", agreement.id, Uuid::new_v4().simple());
    let access = desk.grants.access_token(&agreement, until);
    let refresh = agreement.refresh.clone();
    let written = desk.book.write(vec![Line::Agreement(agreement)]);
    written.map_err(|_| "temporarily_unavailable")?;
    Ok(Pair { access, refresh })
}

fn end(desk: &mut Desk, id: &str) {
    desk.grants.access.retain(|_, (_, agreement, _)| agreement != id);
    let Some(mut agreement) = desk.book.agreements.get(id).cloned() else { return };
    agreement.has_ended = true;
    if let Err(failure) = desk.book.write(vec![Line::Agreement(agreement)]) {
        tracing::error!(%failure, "the sandbox's book could not be written");
    }
}

/// The account that a customer's token is for.
pub(super) fn account_of(desk: &Desk, partner: &str, token: &str) -> Option<String> {
    let agreement = desk.grants.agreement_of(partner, token)?;
    let agreement = desk.book.agreements.get(&agreement)?;
    (!agreement.has_ended).then(|| agreement.number.clone())
}

/// `GET /{partner}/oauth/account`
pub(in crate::sandbox) async fn account(
    state: web::Data<State>,
    partner: web::Path<String>,
    request: HttpRequest,
) -> HttpResponse {
    let desk = state.desk();
    let number = bearer(&request).and_then(|token| account_of(&desk, &partner, token));
    match number {
        Some(number) => HttpResponse::Ok().json(json!({ "account_number": number })),
        None => error(401, "unauthorized", "The token is not a customer's, or is over."),
    }
}

#[derive(Debug, Deserialize)]
pub(in crate::sandbox) struct GivenBack {
    token: String,
}

/// `POST /{partner}/oauth/revoke`: always yes to whoever we know (RFC 7009).
pub(in crate::sandbox) async fn revoke(
    state: web::Data<State>,
    partner: web::Path<String>,
    request: HttpRequest,
    given_back: web::Form<GivenBack>,
) -> HttpResponse {
    if !is_client(&state, &partner, &request) {
        return HttpResponse::Unauthorized().json(json!({ "error": "invalid_client" }));
    }
    let mut desk = state.desk();
    let token = given_back.into_inner().token;
    let id = token.split('.').next().unwrap_or_default().to_owned();
    let of_refresh = desk.book.agreements.get(&id).filter(|a| a.partner == **partner);
    let id = of_refresh.map(|agreement| agreement.id.clone());
    let id = id.or_else(|| desk.grants.agreement_of(&partner, &token));
    if let Some(id) = id
        && let Some(mut agreement) = desk.book.agreements.get(&id).cloned()
    {
        agreement.has_ended = true;
        if let Err(failure) = desk.book.write(vec![Line::Agreement(agreement)]) {
            return book_failed(&failure);
        }
        desk.grants.access.retain(|_, (_, agreement, _)| *agreement != id);
    }
    HttpResponse::Ok().finish()
}
