//! GET: what could not be applied, and why? Oldest first, never with a body.
//!
//! Rows: W6.

use actix_web::web::Data;
use chrono::{DateTime, Utc};
use projections::paging::Page;
use projections::support_rewards;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::access::{Staff, SupportTeam};
use crate::http::address::{Query, one_of};
use crate::http::position::{Answer, AtLeast};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::inbox::decide::{SetAside, set_aside};

/// Which webhooks are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WantedWebhooks {
    /// `parked`, also when absent, or `dismissed`.
    state: Option<String>,
    /// 1 to 200; 50 when absent.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Webhooks that were set aside, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ParkedList {
    webhooks: Vec<ParkedWebhook>,
    /// Where the next page begins, when there is one.
    next_cursor: Option<String>,
}

/// A webhook that was set aside.
#[derive(Debug, Serialize, ToSchema)]
pub struct ParkedWebhook {
    /// Its name here: `partner:its-own-id`.
    id: String,
    /// From whom.
    partner_id: String,
    /// Its own id.
    webhook_id: String,
    /// Its own word for what it is.
    kind: String,
    /// Why it was set aside.
    reason: Option<String>,
    /// When it came.
    received_at: DateTime<Utc>,
    /// How often it was tried since.
    attempts: i32,
    /// This time of being set aside: what a decision is about.
    attempt_id: String,
}

impl From<SetAside> for ParkedWebhook {
    fn from(row: SetAside) -> Self {
        let id = format!("{}:{}", row.partner_id, row.external_id);
        Self {
            attempt_id: format!("{id}/{}", row.parking),
            id,
            partner_id: row.partner_id,
            webhook_id: row.external_id,
            kind: row.kind,
            reason: row.reason,
            received_at: row.received_at,
            attempts: row.attempts,
        }
    }
}

/// Webhooks that could not be applied.
#[utoipa::path(get, path = "/api/support/webhooks", tag = "support", params(WantedWebhooks),
    responses((status = 200, description = "Webhooks", body = ParkedList)))]
pub async fn list(
    _staff: Staff<SupportTeam>,
    state: Data<AppState>,
    at_least: AtLeast,
    Query(wanted): Query<WantedWebhooks>,
) -> Result<Answer<ParkedList>, Problem> {
    let wanted_state = one_of("state", wanted.state, &["parked", "dismissed"])?;
    let page = Page::new(wanted.limit, wanted.cursor)?;
    let position = at_least.wait(&state.shown, &[support_rewards::NAME]).await?;
    let is_dismissed = wanted_state.as_deref() == Some("dismissed");
    let (rows, next_cursor) = set_aside(&state.read_pool, is_dismissed, &page).await?;
    let webhooks = rows.into_iter().map(ParkedWebhook::from).collect();
    Ok(Answer::ok(position, ParkedList { webhooks, next_cursor }))
}
