//! Where does a customer agree? On a page of the partner's, with the account's number and its code.
//!
//! Whoever comes with another client, another way back or without PKCE is told so here and sent
//! nowhere.
//!
//! Rows: P8, P11.

use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use url::Url;

use super::grants::{Code, Grants};
use crate::sandbox::api::accounts::shown_first;
use crate::sandbox::config::SandboxPartner;
use crate::sandbox::state::State;

/// What a customer is sent here with.
#[derive(Debug, Deserialize)]
pub(in crate::sandbox) struct Asked {
    response_type: String,
    client_id: String,
    redirect_uri: String,
    state: String,
    code_challenge: String,
    code_challenge_method: String,
    #[serde(default)]
    scope: String,
}

/// What they answer.
#[derive(Debug, Deserialize)]
pub(in crate::sandbox) struct Answered {
    #[serde(default)]
    account_number: String,
    #[serde(default)]
    security_code: String,
    decision: String,
}

impl Asked {
    fn fault(&self, partner: &SandboxPartner) -> Option<&'static str> {
        if self.client_id != partner.client_id {
            return Some("This client is not known here.");
        }
        if self.redirect_uri != partner.redirect_uri {
            return Some("This way back was not registered.");
        }
        let is_whole = self.response_type == "code"
            && self.code_challenge_method == "S256"
            && !self.code_challenge.is_empty()
            && !self.state.is_empty();
        (!is_whole).then_some("Ask for a code, with a state and a S256 challenge.")
    }

    fn way_back(&self, partner: &SandboxPartner, what: (&str, &str)) -> HttpResponse {
        let Ok(mut url) = Url::parse(&self.redirect_uri) else {
            return page(400, "This way back is no address.");
        };
        url.query_pairs_mut()
            .append_pair(what.0, what.1)
            .append_pair("state", &self.state)
            .append_pair("iss", &partner.issuer);
        HttpResponse::SeeOther().insert_header((LOCATION, url.as_str())).finish()
    }
}

/// `GET /{partner}/oauth/authorize`
pub(in crate::sandbox) async fn show(
    state: web::Data<State>,
    id: web::Path<String>,
    asked: web::Query<Asked>,
) -> HttpResponse {
    let Some(partner) = state.partners.get(id.as_str()) else {
        return page(404, "There is no such partner here.");
    };
    if let Some(fault) = asked.fault(partner) {
        return page(400, fault);
    }
    form(partner, &asked, None)
}

/// The page where they agree, with a word on why it is shown again.
fn form(partner: &SandboxPartner, asked: &Asked, again: Option<&str>) -> HttpResponse {
    let name = escaped(&partner.entry.details().name);
    let scope = escaped(&asked.scope);
    let why = again.map(|why| format!("<p role=\"alert\">{why}</p>")).unwrap_or_default();
    let body = format!(
        "<h1>{name}</h1>{why}
         <p>Anchor would like to see your account ({scope}) and to credit it.</p>
         <form method=\"post\">
         <p><label>Account number <input name=\"account_number\" required></label></p>
         <p><label>Security code <input name=\"security_code\" required></label></p>
         <p><button name=\"decision\" value=\"agree\">Agree</button>
            <button name=\"decision\" value=\"deny\" formnovalidate>Do not agree</button></p>
         </form>"
    );
    page(if again.is_some() { 422 } else { 200 }, &body)
}

/// `POST /{partner}/oauth/authorize`
pub(in crate::sandbox) async fn agree(
    state: web::Data<State>,
    id: web::Path<String>,
    asked: web::Query<Asked>,
    answered: web::Form<Answered>,
) -> HttpResponse {
    let Some(partner) = state.partners.get(id.as_str()) else {
        return page(404, "There is no such partner here.");
    };
    if let Some(fault) = asked.fault(partner) {
        return page(400, fault);
    }
    if answered.decision != "agree" {
        return asked.way_back(partner, ("error", "access_denied"));
    }
    let Answered { account_number, security_code, .. } = answered.into_inner();
    let number = partner.entry.account_number().and_then(|f| f.read(&account_number).ok());
    let mut desk = state.desk();
    let shown = number
        .filter(|number| shown_first(&mut desk, &id, (&number.text, &security_code)) == Ok(true));
    let Some(number) = shown else {
        let why = "That number and that code do not go together. Please look at both once more.";
        return form(partner, &asked, Some(why));
    };
    let code = desk.grants.give_code(Code {
        partner: id.to_string(),
        redirect_uri: asked.redirect_uri.clone(),
        challenge: asked.code_challenge.clone(),
        number: number.text,
        until: Grants::code_until(),
        exchanged_for: None,
    });
    asked.way_back(partner, ("code", &code))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

fn page(status: u16, body: &str) -> HttpResponse {
    let status = actix_web::http::StatusCode::from_u16(status).unwrap_or_default();
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header(("content-security-policy", "default-src 'none'"))
        .insert_header(("cache-control", "no-store"))
        .body(format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Sandbox</title>{body}"
        ))
}
