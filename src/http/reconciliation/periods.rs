//! GET: which months are closed? POST: close this one.
//!
//! A closed month stays closed: the same request again is answered with what it came to, and
//! changes nothing.
//!
//! Rows: A4, A6, Q2.

use actix_web::web::Data;
use chrono::{DateTime, Utc};
use domain::period::{PeriodError, Span};
use projections::as_of::moment;
use projections::paging::Page;
use projections::periods::{NAME, query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::moment::as_of;
use crate::access::{Finance, Staff};
use crate::closing::{self, Desk, NotClosed};
use crate::http::address::Query;
use crate::http::json::Json;
use crate::http::position::{Answer, AtLeast};
use crate::http::problem::{Code, Problem};
use crate::http::refusal::done;
use crate::http::state::AppState;
use crate::ledger::Context;

/// Which periods are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PeriodsWanted {
    /// A time (RFC 3339) or a position of the log; now when absent.
    as_of: Option<String>,
    /// 1 to 200; 50 when absent.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Closed months, the latest first. A month that is not listed is open, unless a later one is.
#[derive(Debug, Serialize, ToSchema)]
pub struct PeriodList {
    /// The moment it is of.
    as_of: DateTime<Utc>,
    /// The last position it counts.
    position: i64,
    periods: Vec<PeriodBody>,
    /// Where the next page begins, when there is one.
    next_cursor: Option<String>,
}

/// A closed month.
#[derive(Debug, Serialize, ToSchema)]
pub struct PeriodBody {
    /// Such as 2026-11.
    period: String,
    /// closed.
    state: &'static str,
    /// The last event that its figures count.
    position: i64,
    /// SHA-256 of its figures, in hex.
    digest: String,
    closed_at: DateTime<Utc>,
    closed_by: String,
}

/// Which months are closed.
#[utoipa::path(get, path = "/api/reconciliation/periods", tag = "reconciliation",
    params(PeriodsWanted),
    responses((status = 200, description = "Closed months", body = PeriodList)))]
pub async fn list_periods(
    _: Staff<Finance>,
    state: Data<AppState>,
    at_least: AtLeast,
    Query(wanted): Query<PeriodsWanted>,
) -> Result<Answer<PeriodList>, Problem> {
    let as_of = as_of(wanted.as_of.as_deref())?;
    let page = Page::new(wanted.limit, wanted.cursor)?;
    let reached = at_least.wait(&state.shown, &[NAME]).await?;
    let (position, as_of) = moment(&state.read_pool, as_of, reached).await?;
    let (rows, next_cursor) = query::list(&state.read_pool, position, &page).await?;
    let periods = rows.into_iter().map(|row| PeriodBody {
        period: row.month,
        state: "closed",
        position: row.position,
        digest: row.digest,
        closed_at: row.closed_at,
        closed_by: row.closed_by,
    });
    let periods = periods.collect();
    let body = PeriodList { as_of, position: position.0, periods, next_cursor };
    Ok(Answer::ok(position, body))
}

/// Which month to close.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Closing {
    /// A month that is over, such as 2026-11.
    period: String,
}

/// That a month is closed.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClosedBody {
    period: String,
    /// closed.
    state: &'static str,
    /// The last event that its figures count.
    position: i64,
    /// SHA-256 of its figures, in hex.
    digest: String,
    /// It had been closed before; nothing was recorded.
    was_closed: bool,
}

/// Closes a month for good: its figures are sealed, and what comes later for it is booked in an
/// open month.
#[utoipa::path(post, path = "/api/reconciliation/periods", tag = "reconciliation",
    request_body = Closing,
    responses((status = 200, description = "It is closed", body = ClosedBody)))]
pub async fn close_period(
    closer: Staff<Finance>,
    state: Data<AppState>,
    Json(wish): Json<Closing>,
) -> Result<Answer<ClosedBody>, Problem> {
    let month: Span = wish.period.parse().map_err(|_| {
        Problem::new(Code::InvalidField)
            .fact("field", "period")
            .detail("`period` is a month such as 2026-11.")
    })?;
    let context = Context::new(closer.actor(), "a month was closed").correlated(month.to_string());
    let desk = Desk { ledger: &state.ledger, pool: &state.pool, read_pool: &state.read_pool };
    let closed = closing::close(desk, month, &context, |_, _| {}).await?;
    let body = ClosedBody {
        period: month.to_string(),
        state: "closed",
        position: closed.position.0,
        digest: closed.digest,
        was_closed: closed.was_closed,
    };
    Ok(Answer::ok(closed.recorded_at, body))
}

impl From<NotClosed> for Problem {
    fn from(error: NotClosed) -> Self {
        match error {
            NotClosed::Refused(refusal) => refusal.into(),
            NotClosed::LaterClosed { .. } | NotClosed::Unsound { .. } => {
                Self::new(Code::NotPossibleNow).detail(format!("{error}."))
            }
            NotClosed::Busy => Self::new(Code::Busy),
            NotClosed::NoFigures(error) => error.into(),
            NotClosed::NotLoaded(error) => error.into(),
            NotClosed::NotRecorded(error) => {
                done(Err(error)).err().unwrap_or_else(|| Self::new(Code::Busy))
            }
        }
    }
}

impl From<PeriodError> for Problem {
    fn from(refusal: PeriodError) -> Self {
        match refusal {
            PeriodError::NotAMonth => {
                Self::new(Code::InvalidField).fact("field", "period").detail(format!("{refusal}."))
            }
            PeriodError::NotOver { .. } | PeriodError::AlreadyClosed { .. } => {
                Self::new(Code::NotPossibleNow).detail(format!("{refusal}."))
            }
        }
    }
}
