//! GET: a report of a day, a week, a month or a quarter, in the format that is asked for.
//!
//! Rows: A3, A4, A6, A7, Q2.

use std::future::{Ready, ready};

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse, Responder, dev::Payload};
use domain::period::Span;
use projections::journal::View;
use projections::periods;
use serde::Deserialize;
use utoipa::IntoParams;

use super::moment::as_of;
use crate::access::{Finance, Staff};
use crate::http::address::Query;
use crate::http::position::{AtLeast, LEDGER_POSITION};
use crate::http::problem::{Code, Problem};
use crate::http::state::AppState;
use crate::reports::format::{Format, NotPrinted, print};
use crate::reports::{Asked, ReportError, ReportKind, figures_of};

/// Which report.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReportWanted {
    /// 2026-11-22 for daily, 2026-W47 for weekly, 2026-11 for monthly, 2026-Q4 for quarterly.
    period: String,
    /// json (when absent), csv, xlsx, hledger or beancount.
    format: Option<String>,
    /// A time (RFC 3339) or a position of the log; when absent, now, or as it was closed.
    as_of: Option<String>,
    /// booked (when absent): late items count in the open month; belonging: where they belong.
    view: Option<String>,
}

/// The report that an address names.
pub struct Kind(ReportKind);

impl FromRequest for Kind {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let kind = request.match_info().get("kind").and_then(ReportKind::named);
        ready(kind.map(Self).ok_or_else(|| Problem::new(Code::NotFound)))
    }
}

/// A report: `daily`, `weekly`, `monthly` or `quarterly`. A closed period is given as it was
/// closed, byte for byte.
#[utoipa::path(get, path = "/api/reconciliation/reports/{kind}", tag = "reconciliation",
    params(ReportWanted, ("kind" = String, Path, description = "Which report")),
    responses((status = 200, description = "The report", body = Object)))]
pub async fn show_report(
    _: Staff<Finance>,
    state: Data<AppState>,
    at_least: AtLeast,
    Kind(kind): Kind,
    Query(wanted): Query<ReportWanted>,
) -> Result<impl Responder, Problem> {
    let format = word("format", wanted.format.as_deref().unwrap_or("json"), Format::named)?;
    let view = word("view", wanted.view.as_deref().unwrap_or("booked"), view_named)?;
    let span: Option<Span> = wanted.period.parse().ok();
    let span = span.filter(|span| span.kind() == kind.span_kind()).ok_or_else(|| {
        let example = kind.example();
        Problem::new(Code::InvalidQuery).detail(format!("`period` is one such as {example}."))
    })?;
    let as_of = wanted.as_of.as_deref().map(|text| as_of(Some(text))).transpose()?;
    at_least.wait(&state.shown, &[periods::NAME]).await?;
    let _one_of_few = state.reports.try_acquire().map_err(|_| Problem::new(Code::Busy))?;
    let asked = Asked { span, view, as_of };
    let figures = figures_of(&state.read_pool, asked, |_, _| {}).await?;
    let printed = print(kind, format, &figures)?;
    let name = printed.report.file_name(format.ending());
    Ok(HttpResponse::Ok()
        .insert_header((LEDGER_POSITION, figures.position.0))
        .insert_header((CONTENT_TYPE, format.media_type()))
        .insert_header((CONTENT_DISPOSITION, format!("inline; filename=\"{name}\"")))
        .body(printed.bytes))
}

fn view_named(name: &str) -> Option<View> {
    match name {
        "booked" => Some(View::Booked),
        "belonging" => Some(View::Belonging),
        _ => None,
    }
}

fn word<T>(name: &str, given: &str, known: fn(&str) -> Option<T>) -> Result<T, Problem> {
    known(given).ok_or_else(|| {
        Problem::new(Code::InvalidQuery)
            .detail(format!("`{name}` does not hold a word that its description lists."))
    })
}

impl From<ReportError> for Problem {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::NotBegun { .. } => {
                Self::new(Code::InvalidQuery).detail("`period` has not begun yet.")
            }
            ReportError::AsOf(error) => error.into(),
            ReportError::Database(error) => error.into(),
            error @ (ReportError::NotAsSealed { .. }
            | ReportError::Unbalanced(_)
            | ReportError::Log(_)) => Self::internal(&error),
        }
    }
}

impl From<NotPrinted> for Problem {
    fn from(error: NotPrinted) -> Self {
        Self::internal(&error)
    }
}
