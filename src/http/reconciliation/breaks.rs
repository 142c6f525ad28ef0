//! GET: what differs between partners' books and ours? POST: somebody takes it up, explains it, or
//! says how it ended.
//!
//! Rows: A2, Q2.

use actix_web::web::Data;
use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::{PartnerId, Position};
use domain::partner_statement::{BreakKind, BreakOutcome, PartnerStatement, StatementCommand};
use projections::as_of::moment;
use projections::paging::Page;
use projections::partner_statements::NAME;
use projections::partner_statements::lists::{self, BreakFilter, BreakRow};
use projections::partner_statements::query;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::moment::as_of;
use super::statements::only_own;
use crate::access::{BooksReaders, Finance, Staff};
use crate::http::address::{Id, Query};
use crate::http::json::Json;
use crate::http::position::{Answer, AtLeast};
use crate::http::problem::{Code, Problem};
use crate::http::refusal::done;
use crate::http::state::AppState;
use crate::http::support::reason::Reason;
use crate::ledger::Context;

/// Which breaks are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BreaksWanted {
    /// Of this partner.
    #[param(value_type = Option<String>)]
    partner: Option<PartnerId>,
    /// In this statement.
    statement: Option<Uuid>,
    /// open (when absent), resolved, forced or all.
    state: Option<WantedState>,
    /// In what they differ, such as `unexpected`.
    kind: Option<String>,
    /// A time (RFC 3339) or a position of the log; now when absent.
    as_of: Option<String>,
    /// 1 to 200; 50 when absent.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// How a break stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WantedState {
    /// Somebody has to look into it.
    Open,
    /// Its cause is mended.
    Resolved,
    /// The books go on without an answer.
    Forced,
    /// However it stands.
    All,
}

/// Breaks, the earliest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct BreakList {
    /// The moment it is of.
    as_of: DateTime<Utc>,
    /// The last position it counts.
    position: i64,
    breaks: Vec<BreakBody>,
    /// Where the next page begins, when there is one.
    next_cursor: Option<String>,
}

/// A difference between a partner's statement and the ledger.
#[derive(Debug, Serialize, ToSchema)]
pub struct BreakBody {
    id: Uuid,
    partner_id: String,
    statement_id: Uuid,
    /// Of which day the statement is.
    business_date: NaiveDate,
    /// In what they differ.
    kind: String,
    /// Where it stands in the statement; null where the partner says nothing.
    line: Option<i32>,
    /// Where it stands in the log; null where the ledger knows nothing.
    position: Option<i64>,
    /// ISSUE, REDEEM and so on.
    movement: String,
    /// What we call the order.
    reference: String,
    /// What the partner calls the value.
    partner_ref: String,
    /// On which day it counts.
    counts_on: NaiveDate,
    /// What the partner says.
    stated: Option<String>,
    /// What the ledger says.
    recorded: Option<String>,
    /// How much is in question.
    amount: String,
    currency: String,
    /// open, resolved or forced.
    state: String,
    owner: Option<Uuid>,
    /// Who said first that it should be forced.
    first_person: Option<Uuid>,
    /// Until when a second person may say the same; null once it is forced.
    first_person_until: Option<DateTime<Utc>>,
    /// Who said the same, where two are needed.
    second_person: Option<Uuid>,
    outcome: Option<String>,
    note: Option<String>,
    opened_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
}

impl From<BreakRow> for BreakBody {
    fn from(row: BreakRow) -> Self {
        let text = |amount: Decimal| format!("{amount:.2}");
        Self {
            id: row.id,
            partner_id: row.partner_id,
            statement_id: row.statement_id,
            business_date: row.business_date,
            kind: row.kind,
            line: row.line,
            position: row.position,
            movement: row.movement,
            reference: row.reference,
            partner_ref: row.partner_ref,
            counts_on: row.counts_on,
            stated: row.stated.map(text),
            recorded: row.recorded.map(text),
            amount: text(row.amount),
            currency: row.currency,
            state: row.state,
            owner: row.owner,
            first_person: row.first_person,
            first_person_until: row.first_person_until,
            second_person: row.second_person,
            outcome: row.outcome,
            note: row.note,
            opened_at: row.opened_at,
            ended_at: row.ended_at,
        }
    }
}

/// What differs between partners' books and ours, the earliest first.
#[utoipa::path(get, path = "/api/reconciliation/breaks", tag = "reconciliation",
    params(BreaksWanted),
    responses((status = 200, description = "Breaks", body = BreakList)))]
pub async fn list_breaks(
    reader: Staff<BooksReaders>,
    state: Data<AppState>,
    at_least: AtLeast,
    Query(wanted): Query<BreaksWanted>,
) -> Result<Answer<BreakList>, Problem> {
    let state_word = match wanted.state {
        None | Some(WantedState::Open) => Some("open"),
        Some(WantedState::Resolved) => Some("resolved"),
        Some(WantedState::Forced) => Some("forced"),
        Some(WantedState::All) => None,
    };
    let as_of = as_of(wanted.as_of.as_deref())?;
    if wanted.kind.as_deref().is_some_and(|kind| BreakKind::read(kind).is_none()) {
        let known = BreakKind::ALL.map(BreakKind::as_str).join(", ");
        return Err(Problem::new(Code::InvalidQuery).detail(format!("`kind` is one of {known}.")));
    }
    let partner = only_own(&reader, wanted.partner)?;
    let page = Page::new(wanted.limit, wanted.cursor)?;
    let reached = at_least.wait(&state.shown, &[NAME]).await?;
    let (at, as_of) = moment(&state.read_pool, as_of, reached).await?;
    let filter = BreakFilter {
        at,
        partner,
        state: state_word.map(str::to_owned),
        kind: wanted.kind,
        statement: wanted.statement,
    };
    let (rows, next_cursor) = lists::breaks(&state.read_pool, &filter, &page).await?;
    let is_partner = reader.only_partner().is_some();
    let breaks = rows
        .into_iter()
        .map(|row| {
            let mut body = BreakBody::from(row);
            if is_partner {
                // What our own people write among themselves.
                (body.owner, body.note) = (None, None);
                (body.first_person, body.first_person_until) = (None, None);
                body.second_person = None;
            }
            body
        })
        .collect();
    Ok(Answer::ok(at, BreakList { as_of, position: at.0, breaks, next_cursor }))
}

/// How a break ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The partner puts it right: a corrected statement, or a later one.
    CorrectedByPartner,
    /// We put it right by a command of our own.
    CorrectedHere,
    /// Looked into: both sides mean the same.
    Agreed,
    /// The books go on without an answer; from an amount on a second person has to say the same.
    Forced,
}

/// What became of a break, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Resolution {
    outcome: Ending,
    /// Why, in 1 to 500 characters; kept for ever, so please no names.
    #[schema(value_type = String)]
    reason: Reason,
}

/// How a break stands after what was said.
#[derive(Debug, Serialize, ToSchema)]
pub struct Said {
    id: Uuid,
    /// open, resolved, forced or `awaiting_second_person`.
    state: &'static str,
}

/// Ends a break. A large one is forced by two people: the first is answered 202.
#[utoipa::path(post, path = "/api/reconciliation/breaks/{id}/resolve", tag = "reconciliation",
    request_body = Resolution, params(("id" = String, Path, description = "The break's id")),
    responses(
        (status = 200, description = "It has ended", body = Said),
        (status = 202, description = "awaiting_second_person", body = Said),
    ))]
pub async fn resolve_break(
    worker: Staff<Finance>,
    state: Data<AppState>,
    Id(id): Id<Uuid>,
    Json(said): Json<Resolution>,
) -> Result<Answer<Said>, Problem> {
    let note = said.reason.as_str().to_owned();
    let person = worker.person().id;
    let two_person_from = state.two_person_from;
    let command = move |number| match said.outcome {
        Ending::Forced => StatementCommand::Force { number, note, person, two_person_from },
        Ending::CorrectedByPartner => {
            StatementCommand::Resolve { number, outcome: BreakOutcome::CorrectedByPartner, note }
        }
        Ending::CorrectedHere => {
            StatementCommand::Resolve { number, outcome: BreakOutcome::CorrectedHere, note }
        }
        Ending::Agreed => {
            StatementCommand::Resolve { number, outcome: BreakOutcome::Agreed, note }
        }
    };
    let (position, state_word) = carry_out(&state, &worker.actor(), id, command).await?;
    let body = Said { id, state: state_word };
    Ok(match state_word {
        "open" => Answer::accepted(position, Said { state: "awaiting_second_person", ..body }),
        _ => Answer::ok(position, body),
    })
}

/// Who takes a break up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    /// Who looks into it; you, when nobody is named.
    owner: Option<Uuid>,
}

/// Gives a break an owner.
#[utoipa::path(post, path = "/api/reconciliation/breaks/{id}/assign", tag = "reconciliation",
    request_body = Assignment, params(("id" = String, Path, description = "The break's id")),
    responses((status = 200, description = "It has an owner", body = Said)))]
pub async fn assign_break(
    worker: Staff<Finance>,
    state: Data<AppState>,
    Id(id): Id<Uuid>,
    Json(wish): Json<Assignment>,
) -> Result<Answer<Said>, Problem> {
    let owner = wish.owner.unwrap_or(worker.person().id);
    let assign = |number| StatementCommand::Assign { number, owner };
    let (position, state) = carry_out(&state, &worker.actor(), id, assign).await?;
    Ok(Answer::ok(position, Said { id, state }))
}

/// What somebody found.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Explanation {
    /// In 1 to 500 characters; kept for ever, so please no names.
    #[schema(value_type = String)]
    reason: Reason,
}

/// Writes down what was found, before it ends.
#[utoipa::path(post, path = "/api/reconciliation/breaks/{id}/explain", tag = "reconciliation",
    request_body = Explanation, params(("id" = String, Path, description = "The break's id")),
    responses((status = 200, description = "It is written down", body = Said)))]
pub async fn explain_break(
    worker: Staff<Finance>,
    state: Data<AppState>,
    Id(id): Id<Uuid>,
    Json(wish): Json<Explanation>,
) -> Result<Answer<Said>, Problem> {
    let note = wish.reason.as_str().to_owned();
    let explain = |number| StatementCommand::Explain { number, note };
    let (position, state) = carry_out(&state, &worker.actor(), id, explain).await?;
    Ok(Answer::ok(position, Said { id, state }))
}

/// Gives a command to the statement that has the break; answers how the break stands then.
async fn carry_out(
    state: &AppState,
    actor: &str,
    id: Uuid,
    command: impl FnOnce(u32) -> StatementCommand,
) -> Result<(Position, &'static str), Problem> {
    let known = query::break_of(&state.read_pool, id).await?;
    let (statement, number) = known.ok_or_else(|| Problem::new(Code::NotFound))?;
    let (stream, number) = (statement.to_string(), number.unsigned_abs());
    let context = Context::new(actor, "a break was looked into").correlated(stream.clone());
    let executed =
        state.ledger.execute::<PartnerStatement, _>(&stream, command(number), &context).await;
    let position = done(executed)?.position;
    let known = state.ledger.load::<PartnerStatement>(&stream).await?.state;
    let stands = known.breaks().get(&number).ok_or_else(|| Problem::new(Code::NotFound))?;
    Ok((position, stands.state.as_str()))
}
