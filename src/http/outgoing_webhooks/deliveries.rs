//! GET: what became of the notices for one endpoint, newest first.
//!
//! Of an answer only its status is kept: what else a receiver says may hold anything.
//!
//! Rows: U4, Q2, C4.

use actix_web::web::Data;
use chrono::{DateTime, Utc};
use projections::paging::Page;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::list::WebhookPage;
use super::shown::told_at_least;
use crate::access::{Admins, Staff};
use crate::http::address::{Id, Query};
use crate::http::position::{Answer, AtLeast};
use crate::http::problem::{Code, Problem};
use crate::http::state::AppState;
use crate::messages::{deliveries as kept, endpoints};

/// Deliveries, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryList {
    deliveries: Vec<Delivery>,
    /// Where the next page begins, when there is one.
    next_cursor: Option<String>,
}

/// One notice for one endpoint.
#[derive(Debug, Serialize, ToSchema)]
pub struct Delivery {
    /// Its `webhook-id`, the same in every try.
    id: Uuid,
    /// The notice's `type`.
    kind: String,
    /// `waiting`, `delivered`, `failed` (after the last try), or `ended` with its endpoint.
    state: String,
    /// How often it was tried.
    attempts: i32,
    /// When it is tried next.
    next_try_at: Option<DateTime<Utc>>,
    /// The status of the last answer.
    last_status: Option<i32>,
    /// Why the last try had no answer, as a code.
    last_error: Option<String>,
    created_at: DateTime<Utc>,
    /// When it was over.
    settled_at: Option<DateTime<Utc>>,
}

impl From<kept::Delivery> for Delivery {
    fn from(kept: kept::Delivery) -> Self {
        Self {
            id: kept.id,
            kind: kept.kind,
            state: kept.state,
            attempts: kept.attempts,
            next_try_at: kept.next_at,
            last_status: kept.last_status,
            last_error: kept.last_error,
            created_at: kept.created_at,
            settled_at: kept.settled_at,
        }
    }
}

/// What became of the notices for one endpoint, kept for 30 days.
#[utoipa::path(get, path = "/api/outgoing-webhooks/{id}/deliveries", tag = "outgoing webhooks",
    params(("id" = String, Path, description = "The endpoint's id"), WebhookPage),
    responses((status = 200, description = "Deliveries", body = DeliveryList)))]
pub async fn deliveries(
    _: Staff<Admins>,
    state: Data<AppState>,
    at_least: AtLeast,
    Id(endpoint): Id<Uuid>,
    Query(wanted): Query<WebhookPage>,
) -> Result<Answer<DeliveryList>, Problem> {
    let page = Page::new(wanted.limit, wanted.cursor)?;
    let known = endpoints::get(&state.pool, endpoint).await?;
    known.ok_or_else(|| Problem::new(Code::NotFound))?;
    let position = told_at_least(&state, at_least).await?;
    let (found, next_cursor) = kept::list(&state.pool, endpoint, &page).await?;
    let deliveries = found.into_iter().map(Delivery::from).collect();
    Ok(Answer::ok(position, DeliveryList { deliveries, next_cursor }))
}
