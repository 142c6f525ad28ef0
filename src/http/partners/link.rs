//! POST, DELETE: this account there is mine; no longer.
//!
//! Form and check digit first, then consent, then the partner's word. The number and the code are
//! sealed under the member's key before they become part of a command; the process that looks after
//! links asks the partner, and this handler watches for five seconds.
//!
//! *Why the same words*: a wrong code and an account that another member holds are answered the
//! same, so that nobody learns whose an account is.
//!
//! Rows: R4, C1, C4.

use actix_web::web::Data;
use domain::ids::{PartnerId, Position};
use domain::member::ConsentPurpose;
use domain::partner_account::{PartnerAccount, PartnerAccountCommand, VerificationStatus};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;

use super::linked::{
    Linked, NewLink, Newest, can_be_asked, format_of, is_open, newest, read_number, request_link,
    watch,
};
use crate::access::Member;
use crate::http::address::Id;
use crate::http::consents::agreed;
use crate::http::json::Json;
use crate::http::position::Answer;
use crate::http::problem::{Code, Problem};
use crate::http::refusal::done;
use crate::http::state::AppState;
use crate::ledger::Context;

const LONGEST_CODE: usize = 100;

/// Which account, and how the member shows that it is theirs.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LinkWish {
    /// As on the bill or card; spaces do not matter.
    #[schema(value_type = String)]
    account_number: SecretString,
    /// The code that goes with it.
    #[schema(value_type = String)]
    security_code: SecretString,
}

/// Nothing is needed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Unlink {}

/// Links an account or card.
#[utoipa::path(post, path = "/api/partners/{id}/link", tag = "accounts", request_body = LinkWish,
    params(("id" = String, Path, description = "The partner's id, such as agl")),
    responses(
        (status = 200, description = "The partner said yes", body = Linked),
        (status = 202, description = "The partner will say so later", body = Linked),
    ))]
pub async fn link(
    member: Member,
    state: Data<AppState>,
    Id(partner): Id<PartnerId>,
    Json(wish): Json<LinkWish>,
) -> Result<Answer<Linked>, Problem> {
    let format = format_of(&state, &partner)?;
    let number = read_number(&format, &wish.account_number)?;
    check_code(&wish.security_code)?;
    agreed(&state, member.id, ConsentPurpose::Link, &partner).await?;
    can_be_asked(&state, &partner).await?;
    let tag = state.vault.partner_tag(&partner, "account_number", &number);
    let newest = newest(&state, member.id, &partner).await?;
    let is_open = |newest: &&Newest| is_open(newest.account.status());
    if let Some(open) = newest.as_ref().filter(is_open) {
        let known = open.account.requested().map(|requested| requested.account_tag.as_str());
        if known != Some(tag.as_str()) {
            return Err(Problem::new(Code::AlreadyLinked).fact("partner_id", &partner));
        }
        return watch(&state, &partner, open.id, open.position).await;
    }
    let new = NewLink {
        number: newest.map_or(1, |newest| newest.number + 1),
        account: &number,
        code: Some(&wish.security_code),
        scope: None,
    };
    let (id, position) = request_link(&state, member, &partner, new).await?;
    watch(&state, &partner, id, position).await
}

/// Unlinks it.
#[utoipa::path(delete, path = "/api/partners/{id}/link", tag = "accounts",
    params(("id" = String, Path, description = "The partner's id, such as agl")),
    responses((status = 200, description = "It is not linked any more", body = Linked)))]
pub async fn unlink(
    member: Member,
    state: Data<AppState>,
    Id(partner): Id<PartnerId>,
    Json(Unlink {}): Json<Unlink>,
) -> Result<Answer<Linked>, Problem> {
    let ended = end_link(&state, member, &partner, "by_member").await?;
    let position = ended.ok_or_else(|| Problem::new(Code::NotFound))?;
    Ok(Answer::ok(position, Linked::now(&partner, false, "Account unlinked successfully")))
}

/// Ends the member's link with a partner, if there is one; answers where that stands in the log.
///
/// # Errors
/// When the ledger cannot be reached.
pub async fn end_link(
    state: &AppState,
    member: Member,
    partner: &PartnerId,
    why: &str,
) -> Result<Option<Position>, Problem> {
    let Some(newest) = newest(state, member.id, partner).await? else { return Ok(None) };
    if !is_open(newest.account.status()) {
        let has_ended = newest.account.status() == VerificationStatus::Unlinked;
        return Ok(Some(newest.position).filter(|_| has_ended));
    }
    let context = Context::new(member.actor(), "said by the member");
    let unlink = PartnerAccountCommand::Unlink { why: why.to_owned() };
    let stream = newest.id.to_string();
    let executed = state.ledger.execute::<PartnerAccount, _>(&stream, unlink, &context).await;
    Ok(Some(done(executed)?.position))
}

fn check_code(code: &SecretString) -> Result<(), Problem> {
    let text = code.expose_secret();
    let is_code =
        (1..=LONGEST_CODE).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if is_code {
        return Ok(());
    }
    let expected = "Expected the code that goes with the account, 1 to 100 characters.";
    Err(Problem::new(Code::InvalidField).detail(expected).fact("field", "securityCode"))
}
