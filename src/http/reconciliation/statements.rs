//! GET: which statements are there? POST: here is one.
//!
//! A statement is taken whole or not at all. What is wrong with it is told all at once, by line;
//! the same bytes again change nothing, so that no `Idempotency-Key` is needed.
//!
//! Rows: A2, Q2.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, Responder};
use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::PartnerId;
use domain::partner_statement::StatementError;
use projections::as_of::moment;
use projections::paging::Page;
use projections::partner_statements::NAME;
use projections::partner_statements::lists::{self, StatementRow};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::moment::as_of;
use crate::access::{BooksBringers, BooksReaders, Staff};
use crate::books::{Books, CameBy, Incoming, NotImported};
use crate::http::address::Query;
use crate::http::json::read;
use crate::http::position::{Answer, AtLeast};
use crate::http::problem::{Code, Problem};
use crate::http::refusal::done;
use crate::http::state::AppState;
use crate::ledger::Context;
use crate::statements::{Fault, LARGEST};

/// Which statements are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StatementsWanted {
    /// Of this partner.
    #[param(value_type = Option<String>)]
    partner: Option<PartnerId>,
    /// A time (RFC 3339) or a position of the log; now when absent.
    as_of: Option<String>,
    /// 1 to 200; 50 when absent.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Statements, the latest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatementList {
    /// The moment it is of.
    as_of: DateTime<Utc>,
    /// The last position it counts.
    position: i64,
    statements: Vec<StatementBody>,
    /// Where the next page begins, when there is one.
    next_cursor: Option<String>,
}

/// A partner's statement of a day.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatementBody {
    id: Uuid,
    partner_id: String,
    business_date: NaiveDate,
    /// From 1; a corrected one has the next number.
    sequence: i32,
    currency: String,
    made_at: DateTime<Utc>,
    /// imported, matched (compared with the ledger) or superseded.
    status: String,
    lines: i32,
    /// How many lines agree with the ledger.
    matched: i64,
    /// By how much an agreed tolerance let them be off: theirs less ours.
    off_by: String,
    open_breaks: i64,
    /// What the lines come to, by kind.
    #[schema(value_type = Vec<Object>)]
    totals: Value,
    /// Of the file, in hex.
    sha256: String,
    superseded_by: Option<Uuid>,
    imported_at: DateTime<Utc>,
}

impl From<StatementRow> for StatementBody {
    fn from(row: StatementRow) -> Self {
        Self {
            id: row.id,
            partner_id: row.partner_id,
            business_date: row.business_date,
            sequence: row.sequence,
            currency: row.currency,
            made_at: row.made_at,
            status: row.status,
            lines: row.lines,
            matched: row.matched,
            off_by: Decimal::new(row.off_by_cents, 2).to_string(),
            open_breaks: row.open_breaks,
            totals: row.totals,
            sha256: row.sha256,
            superseded_by: row.superseded_by,
            imported_at: row.imported_at,
        }
    }
}

/// That a statement is in the books.
#[derive(Debug, Serialize, ToSchema)]
pub struct Imported {
    id: Uuid,
    partner_id: String,
    business_date: NaiveDate,
    sequence: u32,
    lines: usize,
    sha256: String,
    /// The same bytes had been imported before: nothing was recorded.
    was_known: bool,
}

/// Partners' statements, the latest first; a partner's people see their own.
#[utoipa::path(get, path = "/api/reconciliation/statements", tag = "reconciliation",
    params(StatementsWanted),
    responses((status = 200, description = "Statements", body = StatementList)))]
pub async fn list_statements(
    reader: Staff<BooksReaders>,
    state: Data<AppState>,
    at_least: AtLeast,
    Query(wanted): Query<StatementsWanted>,
) -> Result<Answer<StatementList>, Problem> {
    let as_of = as_of(wanted.as_of.as_deref())?;
    let partner = only_own(&reader, wanted.partner)?;
    let page = Page::new(wanted.limit, wanted.cursor)?;
    let reached = at_least.wait(&state.shown, &[NAME]).await?;
    let (at, as_of) = moment(&state.read_pool, as_of, reached).await?;
    let wanted = (at, partner.as_ref());
    let (rows, next_cursor) = lists::statements(&state.read_pool, wanted, &page).await?;
    let statements = rows.into_iter().map(StatementBody::from).collect();
    Ok(Answer::ok(at, StatementList { as_of, position: at.0, statements, next_cursor }))
}

/// The partner that is asked for; a partner's people may ask for their own alone.
///
/// # Errors
/// `not_found` for another's.
pub(super) fn only_own(
    reader: &Staff<BooksReaders>,
    wanted: Option<PartnerId>,
) -> Result<Option<PartnerId>, Problem> {
    match (reader.only_partner(), wanted) {
        (Some(own), Some(other)) if *own != other => Err(Problem::new(Code::NotFound)),
        (Some(own), _) => Ok(Some(own.clone())),
        (None, wanted) => Ok(wanted),
    }
}

/// Takes a statement into the books: the file's bytes as they are, at most 16 MB, in CSV or the
/// same as JSON. Answered once it is recorded; it is compared with the ledger at once after that.
#[utoipa::path(post, path = "/api/reconciliation/statements", tag = "reconciliation",
    request_body(content((String = "text/csv"), (Value = "application/json"))),
    responses(
        (status = 201, description = "It is in the books", body = Imported),
        (status = 200, description = "It was there already", body = Imported),
        (status = 422, description = "statement_faulty: kept, and nothing of it recorded",
            body = crate::http::problem::ProblemShape, content_type = "application/problem+json"),
    ))]
pub async fn import_statement(
    bringer: Staff<BooksBringers>,
    state: Data<AppState>,
    request: HttpRequest,
    payload: Payload,
) -> Result<impl Responder, Problem> {
    let bytes = read(&request, payload.into_inner(), LARGEST).await?;
    let books = Books {
        ledger: state.ledger.clone(),
        pool: state.pool.clone(),
        catalogue: state.catalogue.clone(),
    };
    let only = bringer.only_partner();
    let file = Incoming { bytes: &bytes, came_by: CameBy::Upload, only, asked_for: None };
    let context = Context::new(bringer.actor(), "a statement was brought");
    let imported = books.import(file, &context).await?;
    let statement = imported.statement;
    let was_known = imported.executed.recorded == 0;
    let body = Imported {
        id: imported.id.0,
        partner_id: statement.heading.partner.to_string(),
        business_date: statement.heading.date,
        sequence: statement.heading.sequence,
        lines: statement.movements.len(),
        sha256: statement.sha256,
        was_known,
    };
    let mut answer = if was_known { HttpResponse::Ok() } else { HttpResponse::Created() };
    let position = imported.executed.position.0;
    Ok(answer.insert_header((crate::http::position::LEDGER_POSITION, position)).json(body))
}

/// Faults as they are told, by line.
pub(super) fn faults_told(faults: &[Fault]) -> Vec<Value> {
    let told = faults.iter().map(|fault| {
        let (code, detail) = (fault.code.as_str(), fault.code.sentence());
        json!({ "line": fault.line, "code": code, "detail": detail })
    });
    told.collect()
}

impl From<NotImported> for Problem {
    fn from(error: NotImported) -> Self {
        match error {
            NotImported::Faulty(faults) => {
                Self::new(Code::StatementFaulty).fact("faults", faults_told(&faults))
            }
            NotImported::AnotherPartners => Self::new(Code::NotFound),
            NotImported::NotRecorded(error) => {
                done(Err(error)).err().unwrap_or_else(|| Self::new(Code::Busy))
            }
            NotImported::NotLoaded(error) => error.into(),
            NotImported::Database(error) => error.into(),
        }
    }
}

impl From<StatementError> for Problem {
    fn from(refusal: StatementError) -> Self {
        use StatementError as E;
        match &refusal {
            E::NotImported | E::NoSuchBreak { .. } => Self::new(Code::NotFound),
            E::Superseded | E::OtherFile { .. } | E::TooMuchDiffers => {
                Self::new(Code::NotPossibleNow).detail(format!("{refusal}."))
            }
            E::AlreadyEnded { state } => Self::new(Code::AlreadyDone).fact("state", state),
            E::SamePerson { .. } => Self::new(Code::SamePerson),
            E::NotByPeople | E::NoNote => {
                Self::new(Code::InvalidField).detail(format!("{refusal}."))
            }
        }
    }
}
