//! How does a member's link with a partner stand, and how is one begun? What linking by a code and
//! by agreement at the partner have in common.
//!
//! Rows: R4, C1, C4.

use std::time::{Duration, Instant};

use actix_web::web::Data;
use domain::ids::{AccountId, MemberId, PartnerId, Position};
use domain::partner_account::number::{NumberFormat, masked};
use domain::partner_account::{PartnerAccount, PartnerAccountCommand, VerificationStatus};
use domain::sealed::{Sealed, SecurityCode};
use projections::partners::query as partner_rows;
use projections::user_partner_accounts::query::last_link;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use utoipa::ToSchema;

use super::is_available;
use crate::access::Member;
use crate::http::position::Answer;
use crate::http::problem::{Code, Problem};
use crate::http::refusal::done;
use crate::http::state::AppState;
use crate::ledger::Context;
use crate::vault::Place;

const PATIENCE: Duration = Duration::from_secs(5);
const FIRST_LOOK: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(160);
/// More links of one member with one partner are not looked for.
const MOST_LINKS: u32 = 1_000;

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
    /// One sentence for the member.
    #[must_use]
    pub fn message(&self) -> &'static str {
        self.message
    }

    pub(super) fn now(partner: &PartnerId, linked: bool, message: &'static str) -> Self {
        Self { success: true, partner_id: partner.to_string(), linked, message }
    }
}

/// A member's newest link with a partner, as the ledger has it now.
pub(super) struct Newest {
    pub number: u32,
    pub id: AccountId,
    pub account: PartnerAccount,
    pub position: Position,
}

/// Whether a link still is one.
pub(super) fn is_open(status: VerificationStatus) -> bool {
    match status {
        VerificationStatus::Pending
        | VerificationStatus::Verified
        | VerificationStatus::RelinkNeeded => true,
        VerificationStatus::Refused | VerificationStatus::Unlinked => false,
    }
}

/// Says how the link stands, as soon as the partner has said so.
pub(super) async fn watch(
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
pub(super) async fn newest(
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
pub(super) fn format_of(state: &AppState, partner: &PartnerId) -> Result<NumberFormat, Problem> {
    let entry = state.catalogue.get(partner).ok_or_else(|| Problem::new(Code::NotFound))?;
    let format = entry.account_number().cloned();
    format.ok_or_else(|| Problem::new(Code::CapabilityNotSupported).fact("partner_id", partner))
}

pub(super) fn read_number(
    format: &NumberFormat,
    typed: &SecretString,
) -> Result<SecretString, Problem> {
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

/// A link to be begun.
pub(super) struct NewLink<'a> {
    /// Which link of this member with this partner.
    pub number: u32,
    /// The account's number, as the partner writes it.
    pub account: &'a SecretString,
    /// The code that goes with it.
    pub code: Option<&'a SecretString>,
    /// What the member agreed to at the partner.
    pub scope: Option<String>,
}

/// Writes down that a member wants this account linked; answers where that stands in the log.
///
/// # Errors
/// When the vault or the ledger cannot be reached.
pub(super) async fn request_link(
    state: &Data<AppState>,
    member: Member,
    partner: &PartnerId,
    new: NewLink<'_>,
) -> Result<(AccountId, Position), Problem> {
    let id = AccountId::of(member.id, partner, new.number);
    let security_code: Option<Sealed<SecurityCode>> = match new.code {
        Some(code) => Some(seal(state, member.id, id, ("security_code", code)).await?),
        None => None,
    };
    let request = PartnerAccountCommand::RequestLink {
        member_id: member.id,
        partner_id: partner.clone(),
        link_number: new.number,
        account_type: account_type(state, partner),
        account_masked: masked(new.account.expose_secret()),
        account_tag: state.vault.partner_tag(partner, "account_number", new.account),
        account_number: seal(state, member.id, id, ("account_number", new.account)).await?,
        security_code,
        scope: new.scope,
    };
    let context = Context::new(member.actor(), "asked for by the member");
    let stream = id.to_string();
    let executed =
        done(state.ledger.execute::<PartnerAccount, _>(&stream, request, &context).await)?;
    Ok((id, executed.position))
}
