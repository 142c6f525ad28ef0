//! POST: say how an attempt ended that nobody saw the end of. It takes two people.
//!
//! Any attempt that was looked into and stayed unknown can be settled so, unless a call of it is
//! under way. The first person's word changes nothing and waits for a day; the same word by another
//! person completes it. Another word is refused, as is the same person's second one.
//!
//! "Issued" ends a credit as given, under the partner's own id. A voucher waits for its code, which
//! the partner is asked for again and again; nobody else is asked meanwhile.
//!
//! One partner's id is given for one reward: another's is refused, and nothing recorded.
//!
//! Rows: R6, R2, D4. Cases: C24.

use actix_web::web::Data;
use domain::ids::RewardId;
use domain::reward::{
    AttestedOutcome, Reward, RewardCommand, RewardEvent, SupportAction, SupportCommand, ValueKind,
};
use projections::user_partner_accounts;
use serde::Deserialize;
use utoipa::ToSchema;

use super::act::Acting;
use super::{AttemptId, Told};
use crate::access::{Staff, SupportTeam};
use crate::http::address::Id;
use crate::http::json::Json;
use crate::http::position::Answer;
use crate::http::problem::{Code, Problem};
use crate::http::state::AppState;
use crate::http::support::reason::Reason;
use crate::ledger::ValueName;

const LONGEST_REF: usize = 100;
/// What stands in the event when nobody named a document.
const NO_DOCUMENT: &str = "the reasons of both people";

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The partner issued it.
    Issued,
    /// Nothing was issued, and nothing will be.
    NotIssued,
}

/// How an attempt ended, and why this is known.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Resolve {
    /// Why, in 1 to 500 characters; kept for ever, so please no names.
    #[schema(value_type = String)]
    reason: Reason,
    /// The attempt that the reward is at, as it was shown.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    attempt_id: Option<AttemptId>,
    /// How it ended.
    outcome: Outcome,
    /// The partner's own id of what it issued; needed with `issued`.
    partner_ref: Option<String>,
    /// Where the evidence can be found, such as a case number; the second person's is kept.
    evidence: Option<String>,
}

/// Says how an unknown attempt ended; a second person has to say the same.
#[utoipa::path(post, path = "/api/support/rewards/{id}/resolve", tag = "support",
    request_body = Resolve, params(("id" = String, Path, description = "The reward's id")),
    responses(
        (status = 200, description = "Two people have said so", body = Told),
        (status = 202, description = "A second person is awaited", body = Told),
    ))]
pub async fn resolve(
    staff: Staff<SupportTeam>,
    state: Data<AppState>,
    Id(id): Id<RewardId>,
    Json(wish): Json<Resolve>,
) -> Result<Answer<Told>, Problem> {
    let acting = Acting::begin(&state, &staff, id, &wish.reason);
    let attempt = acting.attempt(wish.attempt_id).await?;
    let evidence = match wish.evidence {
        Some(text) => visible("evidence", text)?,
        None => NO_DOCUMENT.to_owned(),
    };
    let outcome = match (wish.outcome, wish.partner_ref) {
        (Outcome::NotIssued, None) => AttestedOutcome::NotIssued,
        (Outcome::NotIssued, Some(_)) => {
            return Err(wrong("partner_ref", "Nothing was issued, so there is no id of it."));
        }
        (Outcome::Issued, None) => {
            return Err(wrong("partner_ref", "Send the partner's own id of what it issued."));
        }
        (Outcome::Issued, Some(text)) => AttestedOutcome::Issued {
            partner_ref: visible("partner_ref", text)?,
            account_masked: account_masked(&acting).await?,
        },
    };
    let person = staff.person().id;
    let said = SupportCommand::Resolve { attempt, outcome, person, evidence };
    given_once(&acting, &said).await?;
    let executed = acting.record(said).await?;
    let reward = acting.reward().await?;
    if let Some(waits) = Told::awaiting(id, &reward) {
        return Ok(Answer::accepted(executed.position, waits));
    }
    let told = Told::of(id, &reward, (SupportAction::Resolve, attempt));
    Ok(Answer::ok(executed.position, told.ok_or_else(|| Problem::new(Code::Busy))?))
}

/// What was issued belongs to no other reward; and if this word gives a credit, it is this one's
/// from here on.
async fn given_once(acting: &Acting<'_>, said: &SupportCommand) -> Result<(), Problem> {
    let SupportCommand::Resolve { outcome: AttestedOutcome::Issued { partner_ref, .. }, .. } =
        said
    else {
        return Ok(());
    };
    let ledger = &acting.state.ledger;
    let reward = acting.reward().await?;
    let Some(open) = reward.open_attempt() else { return Ok(()) };
    let kind = match open.kind {
        ValueKind::Voucher => ValueName::VoucherId,
        ValueKind::Credit => ValueName::CreditId,
    };
    let name = (kind, partner_ref.as_str());
    let given_for = ledger.given_for(&open.partner_id, name).await?;
    if given_for.is_some_and(|other| other != acting.id) {
        return Err(Problem::new(Code::GivenBefore));
    }
    let follows = reward.decide(RewardCommand::Support(said.clone()), ledger.now());
    let gives = |event: &RewardEvent| matches!(event, RewardEvent::CreditApplied(_));
    if follows.is_ok_and(|events| events.iter().any(gives))
        && !ledger.belongs_to(acting.id, &open.partner_id, &[name]).await?
    {
        return Err(Problem::new(Code::GivenBefore));
    }
    Ok(())
}

/// The account that a credit was ordered for, as it may be shown.
async fn account_masked(acting: &Acting<'_>) -> Result<Option<String>, Problem> {
    let reward: Reward = acting.reward().await?;
    let account = reward.chosen().and_then(|chosen| chosen.account_id);
    let Some((account, reached)) = account.zip(reward.reached()) else { return Ok(None) };
    let pool = &acting.state.read_pool;
    let found = user_partner_accounts::query::sealed_of(pool, reached.member_id, account).await?;
    Ok(found.map(|found| found.account_masked))
}

fn visible(field: &'static str, text: String) -> Result<String, Problem> {
    let is_line = text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if is_line && !text.trim().is_empty() && text.len() <= LONGEST_REF {
        Ok(text)
    } else {
        Err(wrong(field, "Expected 1 to 100 visible characters."))
    }
}

fn wrong(field: &'static str, detail: &'static str) -> Problem {
    Problem::new(Code::InvalidField).detail(detail).fact("field", field)
}
