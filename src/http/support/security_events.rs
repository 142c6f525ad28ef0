//! GET: who knocked with a wrong key?
//!
//! Rows: W4.

use actix_web::web::Data;
use chrono::{DateTime, Utc};
use domain::ids::PartnerId;
use projections::paging::Page;
use projections::partner_activity_log;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::access::{Staff, SupportTeam};
use crate::http::address::Query;
use crate::http::position::{Answer, AtLeast};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::inbox::security::{self, SecurityRow};

/// Which of them are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventsWanted {
    /// At this partner's door.
    #[param(value_type = Option<String>)]
    partner: Option<PartnerId>,
    /// 1 to 200; 50 when absent.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Security events, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct SecurityEvents {
    security_events: Vec<SecurityEventBody>,
    /// Where the next page begins, when there is one.
    next_cursor: Option<String>,
}

/// Something that should not have happened at the edge.
#[derive(Debug, Serialize, ToSchema)]
pub struct SecurityEventBody {
    id: i64,
    at: DateTime<Utc>,
    /// A code, such as `signature_wrong`.
    kind: String,
    partner_id: Option<String>,
    /// From where.
    address: Option<String>,
    /// The id it came with, when that has the form of one.
    external_id: Option<String>,
    /// How often within a minute.
    count: i64,
    /// When the last time.
    last_at: DateTime<Utc>,
}

impl From<SecurityRow> for SecurityEventBody {
    fn from(row: SecurityRow) -> Self {
        let SecurityRow { id, at, kind, partner_id, address, external_id, count, last_at } = row;
        Self { id, at, kind, partner_id, address, external_id, count, last_at }
    }
}

/// Who knocked with a wrong key, newest first.
#[utoipa::path(get, path = "/api/support/security-events", tag = "support", params(EventsWanted),
    responses((status = 200, description = "Security events", body = SecurityEvents)))]
pub async fn list_security_events(
    _: Staff<SupportTeam>,
    state: Data<AppState>,
    at_least: AtLeast,
    Query(wanted): Query<EventsWanted>,
) -> Result<Answer<SecurityEvents>, Problem> {
    let page = Page::new(wanted.limit, wanted.cursor)?;
    // They are not of the log, and always the newest: never older than any read model.
    let position = at_least.wait(&state.shown, &[partner_activity_log::NAME]).await?;
    let (rows, next_cursor) = security::list(&state.pool, wanted.partner.as_ref(), &page).await?;
    let security_events = rows.into_iter().map(SecurityEventBody::from).collect();
    Ok(Answer::ok(position, SecurityEvents { security_events, next_cursor }))
}
