//! GET: the summary by partner and in all, as of any moment.
//!
//! Rows: A1, A4, Q2.

use actix_web::web::Data;
use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::Position;
use projections::journal;
use projections::reconciliation::query::{self, SummaryLine};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::moment::as_of;
use crate::access::{Finance, Staff};
use crate::http::address::{Query, in_order};
use crate::http::position::{Answer, AtLeast};
use crate::http::problem::Problem;
use crate::http::state::AppState;

/// Of which moment, and over which days.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// A time (RFC 3339) or a position of the log; now when absent.
    as_of: Option<String>,
    /// The first business day that counts.
    from: Option<NaiveDate>,
    /// The last business day that counts.
    to: Option<NaiveDate>,
}

/// What was issued, spent and is still out.
#[derive(Debug, Serialize, ToSchema)]
pub struct SummaryBody {
    /// The moment it is of.
    as_of: DateTime<Utc>,
    /// The last position it counts.
    position: i64,
    /// By partner.
    #[schema(value_type = Vec<PartnerShape>)]
    partners: Vec<PartnerLine>,
    /// In all, by currency.
    #[schema(value_type = Vec<LineShape>)]
    totals: Vec<SummaryLine>,
}

/// One partner's line.
#[derive(Debug, Serialize)]
pub struct PartnerLine {
    partner_id: Option<String>,
    #[serde(flatten)]
    line: SummaryLine,
}

impl From<SummaryLine> for PartnerLine {
    fn from(line: SummaryLine) -> Self {
        Self { partner_id: line.partner_id.clone(), line }
    }
}

/// One partner's line, for the API document.
#[derive(Debug, ToSchema)]
#[schema(as = PartnerLine)]
pub struct PartnerShape {
    /// Where; null in the line of what is owed and not ordered anywhere.
    #[schema(required = true)]
    pub partner_id: Option<String>,
    /// The figures.
    #[serde(flatten)]
    pub line: LineShape,
}

/// One line of the summary, for the API document; amounts are decimal strings.
#[derive(Debug, ToSchema)]
#[schema(as = SummaryLine)]
pub struct LineShape {
    /// Of what.
    pub currency: String,
    /// Owed to members and not ordered.
    pub committed: String,
    /// Ordered, and the answer not settled.
    pub in_flight: String,
    /// Given to members.
    pub issued: String,
    /// Spent by them.
    pub redeemed: String,
    /// Not spent in time.
    pub expired: String,
    /// Taken back.
    pub voided: String,
    /// Still with members.
    pub outstanding: String,
}

/// What was issued, spent and is still out, by partner and in all.
#[utoipa::path(get, path = "/api/reconciliation/summary", tag = "reconciliation", params(Wanted),
    responses((status = 200, description = "The summary", body = SummaryBody)))]
pub async fn summary(
    _: Staff<Finance>,
    state: Data<AppState>,
    at_least: AtLeast,
    Query(wanted): Query<Wanted>,
) -> Result<Answer<SummaryBody>, Problem> {
    let as_of = as_of(wanted.as_of.as_deref())?;
    in_order(wanted.from.as_ref(), wanted.to.as_ref())?;
    at_least.wait(&state.shown, &[journal::NAME]).await?;
    let summary = query::summary(&state.read_pool, as_of, wanted.from, wanted.to).await?;
    let body = SummaryBody {
        as_of: summary.as_of,
        position: summary.position,
        partners: summary.partners.into_iter().map(PartnerLine::from).collect(),
        totals: summary.totals,
    };
    Ok(Answer::ok(Position(body.position), body))
}
