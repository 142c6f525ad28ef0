//! GET, POST: what should I look at, and I have seen it.
//!
//! Rows: W4.

use std::time::{Duration, Instant};

use actix_web::web::Data;
use chrono::{DateTime, Utc};
use domain::ids::Position;
use projections::paging::Page;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::access::{Staff, SupportTeam};
use crate::alerts::{Acknowledged, AlertFilter, store};
use crate::http::address::{Id, Query};
use crate::http::json::Json;
use crate::http::position::{Answer, AtLeast};
use crate::http::problem::{Code, Problem};
use crate::http::state::AppState;
use crate::http::support::reason::Reason;

const PATIENCE: Duration = Duration::from_secs(2);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// Which alerts are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AlertsWanted {
    /// open (when absent), acknowledged, resolved or all.
    state: Option<AlertState>,
    /// 1 to 200; 50 when absent.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// How an alert stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// Nobody has mended it.
    Open,
    /// Somebody has seen it.
    Acknowledged,
    /// It is mended.
    Resolved,
    /// However it stands; for asking only.
    All,
}

/// Alerts, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlertList {
    alerts: Vec<AlertBody>,
    /// Where the next page begins, when there is one.
    next_cursor: Option<String>,
}

/// Something that people should look at.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlertBody {
    id: Uuid,
    /// Of which kind, such as `reward_failed`.
    kind: String,
    /// Which reward, partner or read model.
    subject: String,
    state: AlertState,
    /// What is wrong.
    summary: String,
    /// What to do about it.
    to_do: String,
    raised_at: DateTime<Utc>,
    acknowledged_at: Option<DateTime<Utc>>,
    acknowledged_by: Option<String>,
    /// What they said.
    reason: Option<String>,
    /// When its cause was mended.
    resolved_at: Option<DateTime<Utc>>,
}

impl From<crate::alerts::Alert> for AlertBody {
    fn from(alert: crate::alerts::Alert) -> Self {
        let state = match (alert.resolved_at, alert.acknowledged_at) {
            (Some(_), _) => AlertState::Resolved,
            (None, Some(_)) => AlertState::Acknowledged,
            (None, None) => AlertState::Open,
        };
        Self {
            id: alert.id,
            kind: alert.kind,
            subject: alert.subject,
            state,
            summary: alert.summary,
            to_do: alert.to_do,
            raised_at: alert.raised_at,
            acknowledged_at: alert.acknowledged_at,
            acknowledged_by: alert.acknowledged_by,
            reason: alert.reason,
            resolved_at: alert.resolved_at,
        }
    }
}

/// Why it is enough to have seen it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// What you do about it, in 1 to 500 characters; please no names.
    #[schema(value_type = String)]
    reason: Reason,
}

/// What people should look at, newest first.
#[utoipa::path(get, path = "/api/support/alerts", tag = "support", params(AlertsWanted),
    responses((status = 200, description = "Alerts", body = AlertList)))]
pub async fn list_alerts(
    _: Staff<SupportTeam>,
    state: Data<AppState>,
    at_least: AtLeast,
    Query(wanted): Query<AlertsWanted>,
) -> Result<Answer<AlertList>, Problem> {
    let filter = match wanted.state {
        None | Some(AlertState::Open) => AlertFilter::Open,
        Some(AlertState::Acknowledged) => AlertFilter::Acknowledged,
        Some(AlertState::Resolved) => AlertFilter::Resolved,
        Some(AlertState::All) => AlertFilter::All,
    };
    let page = Page::new(wanted.limit, wanted.cursor)?;
    let position = looked(&state, at_least).await?;
    let (rows, next_cursor) = store::list(&state.pool, filter, &page).await?;
    let alerts = rows.into_iter().map(AlertBody::from).collect();
    Ok(Answer::ok(position, AlertList { alerts, next_cursor }))
}

/// Waits until the watches have seen what the caller has seen; answers what they have.
async fn looked(state: &AppState, at_least: AtLeast) -> Result<Position, Problem> {
    let begun = Instant::now();
    loop {
        let position = Position(store::looked_up_to(&state.pool).await?);
        if position >= at_least.0 {
            return Ok(position);
        }
        if begun.elapsed() >= PATIENCE {
            return Err(Problem::new(Code::NotYet).fact("reached", position));
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

/// Says that somebody has seen it and looks after it. Once; mending the cause resolves it.
#[utoipa::path(post, path = "/api/support/alerts/{id}/acknowledge", tag = "support",
    request_body = Seen,
    params(("id" = String, Path, description = "The alert's id")),
    responses((status = 200, description = "It is noted", body = AlertBody)))]
pub async fn acknowledge_alert(
    worker: Staff<SupportTeam>,
    state: Data<AppState>,
    Id(id): Id<Uuid>,
    Json(seen): Json<Seen>,
) -> Result<Answer<AlertBody>, Problem> {
    let position = *state.ledger.head().borrow();
    match store::acknowledge(&state.pool, id, (&worker.actor(), seen.reason.as_str())).await? {
        Acknowledged::Now(alert) => Ok(Answer::ok(position, AlertBody::from(alert))),
        Acknowledged::Before(alert) => {
            let problem = Problem::new(Code::AlreadyDone);
            Err(problem.fact("first", AlertBody::from(alert)))
        }
        Acknowledged::Unknown => Err(Problem::new(Code::NotFound)),
    }
}
