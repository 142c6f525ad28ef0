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
    Linked, NewLink, Newest, can_be_asked, format_of, is_open, newest, read_number, request_link,
    watch,
};
use crate::access::{Aal, ComesBack, Member};
use crate::http::address::Id;
use crate::http::consents::agreed;
use crate::http::position::Answer;
use crate::http::problem::{Code, Problem};
use crate::http::refusal::done;
use crate::http::state::AppState;
use crate::ledger::Context;
use crate::partners::oauth::{Callback, LinkError, Who};

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
    let linked = link_whoever_waits(who, state, partner, came).await;
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

/// Also when the browser is closed meanwhile: what the partner has given is kept or given back.
async fn link_whoever_waits(
    who: ComesBack,
    state: &Data<AppState>,
    partner: &PartnerId,
    came: CameBack,
) -> Result<Answer<Linked>, Problem> {
    let (state, partner) = (state.clone(), partner.clone());
    let linking = tokio::spawn(async move { link(who, &state, &partner, came).await });
    linking.await.unwrap_or_else(|error| Err(Problem::internal(&error)))
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
    let member = Member { id: finished.member, aal: Aal::One };
    let may_keep = place_for(state, partner, member, &finished.number).await;
    let (number, place) = match may_keep {
        Ok(found) => found,
        Err(problem) => {
            linking.drop_tokens(&finished.tokens).await;
            return Err(problem);
        }
    };
    // Before the wish is on record: whoever asks the partner about it has a token then.
    if let Err(error) = linking.keep(member.id, place.id(member, partner), &finished.tokens).await
    {
        linking.drop_tokens(&finished.tokens).await;
        return Err(error.into());
    }
    match place {
        Place::New(link_number) => {
            let new = NewLink {
                number: link_number,
                account: &number,
                code: None,
                scope: Some(linking.scope()),
            };
            begin(state, partner, member, new).await
        }
        Place::Open(open) => renew(state, partner, member, *open).await,
    }
}

/// Where what the member agreed to belongs.
enum Place {
    /// To a link that is to be begun, with this number.
    New(u32),
    /// To the link that is there.
    Open(Box<Newest>),
}

impl Place {
    fn id(&self, member: Member, partner: &PartnerId) -> AccountId {
        match self {
            Self::New(number) => AccountId::of(member.id, partner, *number),
            Self::Open(open) => open.id,
        }
    }
}

/// The account that the member agreed about, and the link that it belongs to.
async fn place_for(
    state: &Data<AppState>,
    partner: &PartnerId,
    member: Member,
    told: &SecretString,
) -> Result<(SecretString, Place), Problem> {
    agreed(state, member.id, ConsentPurpose::Link, partner).await?;
    let number = read_number(&format_of(state, partner)?, told)?;
    let newest = newest(state, member.id, partner).await?;
    match newest {
        Some(open) if is_open(open.account.status()) => {
            if !is_of(state, partner, (&open.account, &number)) {
                return Err(Problem::new(Code::AlreadyLinked).fact("partner_id", partner));
            }
            Ok((number, Place::Open(Box::new(open))))
        }
        other => Ok((number, Place::New(other.map_or(1, |newest| newest.number + 1)))),
    }
}

/// Whether a link is for this account.
fn is_of(
    state: &AppState,
    partner: &PartnerId,
    (link, number): (&PartnerAccount, &SecretString),
) -> bool {
    let tag = state.vault.partner_tag(partner, "account_number", number);
    link.requested().is_some_and(|requested| requested.account_tag == tag)
}

async fn begin(
    state: &Data<AppState>,
    partner: &PartnerId,
    member: Member,
    new: NewLink<'_>,
) -> Result<Answer<Linked>, Problem> {
    let number = new.account;
    let (id, position) = request_link(state, member, partner, new).await?;
    let link = state.ledger.load::<PartnerAccount>(&id.to_string()).await?.state;
    if !is_of(state, partner, (&link, number)) {
        // Another account was linked at that very moment; what was agreed to is not for that one.
        if let Some(linking) = state.calls.linking(partner) {
            linking.give_back(member.id, id).await?;
        }
        return Err(Problem::new(Code::AlreadyLinked).fact("partner_id", partner));
    }
    watch(state, partner, id, position).await
}

async fn renew(
    state: &Data<AppState>,
    partner: &PartnerId,
    member: Member,
    open: Newest,
) -> Result<Answer<Linked>, Problem> {
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
