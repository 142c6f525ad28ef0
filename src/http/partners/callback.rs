//! GET: I am back from the partner. Is my account linked now?
//!
//! The state is used up first, whatever comes of it; then the code is exchanged, the account
//! learnt, and the link begun or renewed. Whatever does not end in a link is given back at once.
//!
//! *Two who may come*: the member's app with their token, or the browser that the way began in. Who
//! comes with another's state is told what anybody is told who has none.
//!
//! Rows: P8, R4, C1.

use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, Responder, ResponseError};
use domain::ids::{AccountId, PartnerId};
use domain::member::ConsentPurpose;
use domain::partner_account::{PartnerAccount, PartnerAccountCommand, VerificationStatus};
use secrecy::SecretString;
use url::form_urlencoded;

use super::linked::{
    Linked, NewLink, can_be_asked, format_of, is_open, newest, read_number, request_link, watch,
};
use crate::access::{Aal, ComesBack, Member};
use crate::http::address::Id;
use crate::http::consents::agreed;
use crate::http::position::Answer;
use crate::http::problem::{Code, Problem};
use crate::http::refusal::done;
use crate::http::state::AppState;
use crate::ledger::Context;
use crate::partners::oauth::{Callback, Finished, LinkError, Linking, Who};

const PATIENCE: Duration = Duration::from_secs(10);

/// What the partner sends along; anything else is passed over.
struct CameBack {
    state: Option<SecretString>,
    code: Option<SecretString>,
    issuer: Option<String>,
}

impl CameBack {
    fn read(query: &str) -> Self {
        let first = |name: &str| {
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
        };
        Self {
            state: first("state").map(SecretString::from),
            code: first("code").map(SecretString::from),
            issuer: first("iss"),
        }
    }
}

/// Takes a member back who agreed at the partner.
#[utoipa::path(get, path = "/api/oauth/{id}/callback", tag = "accounts",
    params(
        ("id" = String, Path, description = "The partner's id, such as agl"),
        ("state" = Option<String>, Query, description = "Which link it is"),
        ("code" = Option<String>, Query, description = "What it is exchanged for"),
        ("iss" = Option<String>, Query, description = "How the partner calls itself"),
    ),
    responses(
        (status = 200, description = "The account is linked", body = Linked),
        (status = 202, description = "The partner will confirm it later", body = Linked),
    ))]
pub async fn callback(
    who: ComesBack,
    state: Data<AppState>,
    Id(partner): Id<PartnerId>,
    request: HttpRequest,
) -> HttpResponse {
    come_back(who, &state, &partner, &request).await
}

/// The same for a way back that a partner has registered elsewhere.
pub async fn come_back(
    who: ComesBack,
    state: &Data<AppState>,
    partner: &PartnerId,
    request: &HttpRequest,
) -> HttpResponse {
    let came = CameBack::read(request.query_string());
    let linked = link(who, state, partner, came).await;
    let reads_pages = request.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok());
    if reads_pages.is_some_and(|accept| accept.contains("text/html")) {
        return match linked {
            Ok(answer) => page(answer.status(), answer.body().message()),
            Err(problem) => page(problem.status_code(), problem.code().title()),
        };
    }
    match linked {
        Ok(answer) => answer.respond_to(request),
        Err(problem) => problem.error_response(),
    }
}

async fn link(
    who: ComesBack,
    state: &Data<AppState>,
    partner: &PartnerId,
    came: CameBack,
) -> Result<Answer<Linked>, Problem> {
    format_of(state, partner)?;
    can_be_asked(state, partner).await?;
    let linking = state.calls.linking(partner);
    let linking = linking.ok_or_else(|| Problem::new(Code::CapabilityNotSupported))?;
    let who = match who {
        ComesBack::Member(member) => Who::Member(member.id),
        ComesBack::Browser(cookie) => Who::Browser(cookie),
    };
    let not_begun = || Problem::new(Code::LinkNotBegun);
    let callback = Callback {
        state: came.state.ok_or_else(not_begun)?,
        code: came.code,
        issuer: came.issuer,
    };
    let finished = linking.finish(&who, &callback, Instant::now() + PATIENCE).await;
    let finished = finished.map_err(|error| told(partner, error))?;
    let kept = keep(state, partner, linking, &finished).await;
    if kept.is_err() {
        linking.drop_tokens(&finished.tokens).await;
    }
    kept
}

/// Links the account that the member agreed to, or renews the link that is there.
async fn keep(
    state: &Data<AppState>,
    partner: &PartnerId,
    linking: &Linking,
    finished: &Finished,
) -> Result<Answer<Linked>, Problem> {
    let member = Member { id: finished.member, aal: Aal::One };
    agreed(state, member.id, ConsentPurpose::Link, partner).await?;
    let number = read_number(&format_of(state, partner)?, &finished.number)?;
    let tag = state.vault.partner_tag(partner, "account_number", &number);
    let newest = newest(state, member.id, partner).await?;
    let Some(open) = newest.as_ref().filter(|newest| is_open(newest.account.status())) else {
        let link_number = newest.map_or(1, |newest| newest.number + 1);
        let id = AccountId::of(member.id, partner, link_number);
        // Before the wish is on record: whoever asks the partner about it has a token then.
        linking.keep(member.id, id, &finished.tokens).await?;
        let new = NewLink {
            number: link_number,
            account: &number,
            code: None,
            scope: Some(linking.scope()),
        };
        let (id, position) = request_link(state, member, partner, new).await?;
        return watch(state, partner, id, position).await;
    };
    let known = open.account.requested().map(|requested| requested.account_tag.as_str());
    if known != Some(tag.as_str()) {
        return Err(Problem::new(Code::AlreadyLinked).fact("partner_id", partner));
    }
    linking.keep(member.id, open.id, &finished.tokens).await?;
    let mut position = open.position;
    if open.account.status() == VerificationStatus::RelinkNeeded {
        let context = Context::new(member.actor(), "agreed to once more at the partner");
        let stream = open.id.to_string();
        let verify = PartnerAccountCommand::Verify;
        let verified = state.ledger.execute::<PartnerAccount, _>(&stream, verify, &context).await;
        position = done(verified)?.position;
    }
    watch(state, partner, open.id, position).await
}

fn told(partner: &PartnerId, error: LinkError) -> Problem {
    match error {
        LinkError::NotBegun => Problem::new(Code::LinkNotBegun),
        LinkError::OtherIssuer => {
            tracing::warn!(partner.id = %partner, "somebody else came back in a partner's name");
            Problem::new(Code::LinkNotBegun)
        }
        LinkError::NotAgreed => Problem::new(Code::LinkNotAgreed),
        LinkError::CodeNotTaken => Problem::new(Code::LinkNotCompleted),
        LinkError::NotSaid(why) => {
            tracing::warn!(partner.id = %partner, why, "a link could not be completed");
            Problem::new(Code::PartnerNotAnswering)
        }
        LinkError::Vault(error) => error.into(),
    }
}

/// A page for the browser that came back: a sentence, and nothing to fetch.
fn page(status: StatusCode, sentence: &str) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'"))
        .body(format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\"><title>Anchor</title>\
             <h1>{sentence}.</h1><p>You can close this page and go back to Anchor.</p>"
        ))
}
