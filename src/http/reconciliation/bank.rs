//! POST: what our bank says. GET: what it said, as of any moment.
//!
//! All lines of a file are taken or none; the same lines again change nothing, so that no
//! `Idempotency-Key` is needed.
//!
//! Rows: A1, A2, A4, Q2.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, Responder};
use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::PartnerId;
use domain::settlement::SettlementError;
use projections::as_of::moment;
use projections::paging::Page;
use projections::settlements::NAME;
use projections::settlements::query::{self, SettlementRow};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::moment::as_of;
use super::statements::faults_told;
use crate::access::{Finance, Staff};
use crate::books::{BankNotTaken, Books};
use crate::http::address::Query;
use crate::http::json::read;
use crate::http::position::{Answer, AtLeast, LEDGER_POSITION};
use crate::http::problem::{Code, Problem};
use crate::http::refusal::done;
use crate::http::state::AppState;
use crate::ledger::Context;
use crate::statements::LARGEST;

/// Which of the bank's lines are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BankWanted {
    /// A time (RFC 3339) or a position of the log; now when absent.
    as_of: Option<String>,
    /// With this partner.
    #[param(value_type = Option<String>)]
    partner: Option<PartnerId>,
    /// 1 to 200; 50 when absent.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The bank's lines, the latest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct BankList {
    /// The moment it is of.
    as_of: DateTime<Utc>,
    /// The last position it counts.
    position: i64,
    lines: Vec<BankLineBody>,
    /// Where the next page begins, when there is one.
    next_cursor: Option<String>,
}

/// A line of the bank's.
#[derive(Debug, Serialize, ToSchema)]
pub struct BankLineBody {
    position: i64,
    partner_id: String,
    /// paid (to the partner) or received (from it).
    direction: String,
    /// A decimal string, as every amount.
    amount: String,
    currency: String,
    booked_on: NaiveDate,
    bank_reference: String,
    /// As it was agreed when the line was taken in.
    funding_model: String,
    recorded_at: DateTime<Utc>,
}

impl From<SettlementRow> for BankLineBody {
    fn from(row: SettlementRow) -> Self {
        Self {
            position: row.position,
            partner_id: row.partner_id,
            direction: row.direction,
            amount: format!("{:.2}", row.amount),
            currency: row.currency,
            booked_on: row.booked_on,
            bank_reference: row.bank_reference,
            funding_model: row.funding_model,
            recorded_at: row.recorded_at,
        }
    }
}

/// What our bank said.
#[utoipa::path(get, path = "/api/reconciliation/bank", tag = "reconciliation", params(BankWanted),
    responses((status = 200, description = "The bank's lines", body = BankList)))]
pub async fn list_bank_lines(
    _: Staff<Finance>,
    state: Data<AppState>,
    at_least: AtLeast,
    Query(wanted): Query<BankWanted>,
) -> Result<Answer<BankList>, Problem> {
    let as_of = as_of(wanted.as_of.as_deref())?;
    let page = Page::new(wanted.limit, wanted.cursor)?;
    let reached = at_least.wait(&state.shown, &[NAME]).await?;
    let (position, as_of) = moment(&state.read_pool, as_of, reached).await?;
    let wanted = (position, wanted.partner.as_ref());
    let (rows, next_cursor) = query::list(&state.read_pool, wanted, &page).await?;
    let lines = rows.into_iter().map(BankLineBody::from).collect();
    Ok(Answer::ok(position, BankList { as_of, position: position.0, lines, next_cursor }))
}

/// What was taken in.
#[derive(Debug, Serialize, ToSchema)]
pub struct BankTakenBody {
    /// How many lines the file has.
    lines: usize,
    /// How many of them are new.
    recorded: usize,
}

/// Takes the bank's lines into the books: CSV with a header, columns in any order, others ignored:
/// booked_on, partner, direction (paid or received), amount, currency, bank_reference.
#[utoipa::path(post, path = "/api/reconciliation/bank", tag = "reconciliation",
    request_body(content = String, content_type = "text/csv"),
    responses(
        (status = 201, description = "They are in the books", body = BankTakenBody),
        (status = 200, description = "All of them were there already", body = BankTakenBody),
        (status = 409, description = "bank_line_differs: nothing recorded",
            body = crate::http::problem::ProblemShape, content_type = "application/problem+json"),
        (status = 422, description = "bank_lines_faulty: nothing recorded",
            body = crate::http::problem::ProblemShape, content_type = "application/problem+json"),
    ))]
pub async fn take_bank_lines(
    finance: Staff<Finance>,
    state: Data<AppState>,
    request: HttpRequest,
    payload: Payload,
) -> Result<impl Responder, Problem> {
    let bytes = read(&request, payload.into_inner(), LARGEST).await?;
    let (ledger, pool) = (state.ledger.clone(), state.pool.clone());
    let books = Books { ledger, pool, catalogue: state.catalogue.clone() };
    let context = Context::new(finance.actor(), "the bank's lines were brought");
    let taken = books.take_bank_lines(&bytes, &context).await?;
    let is_new = taken.recorded > 0;
    let mut answer = if is_new { HttpResponse::Created() } else { HttpResponse::Ok() };
    let body = BankTakenBody { lines: taken.lines, recorded: taken.recorded };
    Ok(answer.insert_header((LEDGER_POSITION, taken.position.0)).json(body))
}

impl From<BankNotTaken> for Problem {
    fn from(error: BankNotTaken) -> Self {
        match error {
            BankNotTaken::Faulty(faults) => {
                Self::new(Code::BankLinesFaulty).fact("faults", faults_told(&faults))
            }
            BankNotTaken::Disagrees(faults) => {
                Self::new(Code::BankLineDiffers).fact("faults", faults_told(&faults))
            }
            BankNotTaken::NotRecorded(error) => {
                done(Err(error)).err().unwrap_or_else(|| Self::new(Code::Busy))
            }
            BankNotTaken::NotLoaded(error) => error.into(),
            BankNotTaken::Database(error) => error.into(),
        }
    }
}

impl From<SettlementError> for Problem {
    fn from(refusal: SettlementError) -> Self {
        match refusal {
            SettlementError::OtherFacts => Self::new(Code::BankLineDiffers),
            SettlementError::NoAmount | SettlementError::OddReference => {
                Self::new(Code::InvalidField).detail(format!("{refusal}."))
            }
        }
    }
}
