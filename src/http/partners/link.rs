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

use std::time::{Duration, Instant};

use actix_web::web::Data;
use domain::ids::{AccountId, MemberId, PartnerId, Position};
use domain::member::ConsentPurpose;
use domain::partner_account::number::{NumberFormat, masked};
use domain::partner_account::{PartnerAccount, PartnerAccountCommand, VerificationStatus};
use domain::sealed::Sealed;
use projections::partners::query as partner_rows;
use projections::user_partner_accounts::query::last_link;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::is_available;
use crate::access::Member;
use crate::http::address::Id;
use crate::http::consents::agreed;
use crate::http::json::Json;
use crate::http::position::Answer;
use crate::http::problem::{Code, Problem};
use crate::http::refusal::done;
use crate::http::state::AppState;
use crate::ledger::Context;
use crate::vault::Place;

const PATIENCE: Duration = Duration::from_secs(5);
const FIRST_LOOK: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(160);
const LONGEST_CODE: usize = 100;
/// More links of one member with one partner are not looked for.
const MOST_LINKS: u32 = 1_000;

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

/// How the link stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Linked {
    /// Always true: what was not taken on is a problem.
    success: bool,
    partner_id: String,
    /// Whether the account is linked now.
    linked: bool,
    /// One sentence for the member.
    message: &'static str,
}

impl Linked {
    fn now(partner: &PartnerId, linked: bool, message: &'static str) -> Self {
        Self { success: true, partner_id: partner.to_string(), linked, message }
    }
}

/// A member's newest link with a partner, as the ledger has it now.
struct Newest {
    number: u32,
    id: AccountId,
    account: PartnerAccount,
    position: Position,
}

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
    let link_number = newest.map_or(1, |newest| newest.number + 1);
    let id = AccountId::of(member.id, &partner, link_number);
    let request = PartnerAccountCommand::RequestLink {
        member_id: member.id,
        partner_id: partner.clone(),
        link_number,
        account_type: account_type(&state, &partner),
        account_masked: masked(number.expose_secret()),
        account_tag: tag,
        account_number: seal(&state, member.id, id, ("account_number", &number)).await?,
        security_code: Some(
            seal(&state, member.id, id, ("security_code", &wish.security_code)).await?,
        ),
    };
    let context = Context::new(member.actor(), "asked for by the member");
    let stream = id.to_string();
    let executed =
        done(state.ledger.execute::<PartnerAccount, _>(&stream, request, &context).await)?;
    watch(&state, &partner, id, executed.position).await
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

fn is_open(status: VerificationStatus) -> bool {
    match status {
        VerificationStatus::Pending
        | VerificationStatus::Verified
        | VerificationStatus::RelinkNeeded => true,
        VerificationStatus::Refused | VerificationStatus::Unlinked => false,
    }
}

/// Says how the link stands, as soon as the partner has said so.
async fn watch(
    state: &AppState,
    partner: &PartnerId,
    id: AccountId,
    asked_at: Position,
) -> Result<Answer<Linked>, Problem> {
    let begun = Instant::now();
    let mut pause = FIRST_LOOK;
    loop {
        let loaded = state.ledger.load::<PartnerAccount>(&id.to_string()).await?;
        match loaded.state.status() {
            VerificationStatus::Verified => {
                let linked = Linked::now(partner, true, "Account linked successfully");
                return Ok(Answer::ok(loaded.position.max(asked_at), linked));
            }
            VerificationStatus::Pending | VerificationStatus::RelinkNeeded => {}
            VerificationStatus::Refused | VerificationStatus::Unlinked => {
                return Err(Problem::new(Code::AccountNotAccepted));
            }
        }
        if begun.elapsed() >= PATIENCE {
            let later =
                Linked::now(partner, false, "We are waiting for the partner to confirm it");
            return Ok(Answer::accepted(loaded.position.max(asked_at), later));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// The newest link, found from what the read model knows onwards: it may be a little late.
async fn newest(
    state: &AppState,
    member: MemberId,
    partner: &PartnerId,
) -> Result<Option<Newest>, Problem> {
    let known = last_link(&state.read_pool, member, partner).await?;
    let mut newest = None;
    for number in known.max(1)..=MOST_LINKS {
        let id = AccountId::of(member, partner, number);
        let loaded = state.ledger.load::<PartnerAccount>(&id.to_string()).await?;
        if loaded.state.requested().is_none() {
            break;
        }
        newest = Some(Newest { number, id, account: loaded.state, position: loaded.position });
    }
    Ok(newest)
}

/// What account numbers look like there.
fn format_of(state: &AppState, partner: &PartnerId) -> Result<NumberFormat, Problem> {
    let entry = state.catalogue.get(partner).ok_or_else(|| Problem::new(Code::NotFound))?;
    let format = entry.account_number().cloned();
    format.ok_or_else(|| Problem::new(Code::CapabilityNotSupported).fact("partner_id", partner))
}

fn read_number(format: &NumberFormat, typed: &SecretString) -> Result<SecretString, Problem> {
    let number = format.read(typed.expose_secret()).map_err(|not_one| {
        let problem = Problem::new(Code::InvalidField).detail(sentence(&not_one.to_string()));
        problem.fact("field", "accountNumber")
    })?;
    if number.is_doubtful {
        tracing::warn!(called = format.called, "a number breaks a rule that is not confirmed");
    }
    Ok(SecretString::from(number.text))
}

/// The rule's own words, as a sentence for the member.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first: String = letters.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
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

/// Whether the partner is active and set up here.
///
/// # Errors
/// `partner_unavailable`, when it is not.
pub async fn can_be_asked(state: &AppState, partner: &PartnerId) -> Result<(), Problem> {
    let row = partner_rows::get(&state.read_pool, partner).await?;
    let is_there = row.is_some_and(|row| is_available(state, &row.partner_id, &row.status));
    if is_there { Ok(()) } else { Err(Problem::new(Code::PartnerUnavailable)) }
}

fn account_type(state: &AppState, partner: &PartnerId) -> String {
    let its_type = state.catalogue.get(partner).map(|entry| entry.partner_type());
    let word = serde_json::to_value(its_type).ok();
    word.and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

async fn seal<T>(
    state: &AppState,
    member: MemberId,
    id: AccountId,
    (field, clear): (&str, &SecretString),
) -> Result<Sealed<T>, Problem> {
    let stream_id = id.to_string();
    let place = Place {
        stream: "partner_account",
        stream_id: &stream_id,
        event: "AccountLinkRequested",
        field,
        attempt: 0,
    };
    Ok(state.vault.seal(member, &place, clear).await?)
}
