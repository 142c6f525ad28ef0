//! POST: try this webhook again, or leave it.
//!
//! Rows: W6.

use actix_web::web::Data;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{ParkingId, WebhookId};
use crate::access::{Staff, SupportTeam};
use crate::http::address::Id;
use crate::http::json::Json;
use crate::http::position::Answer;
use crate::http::problem::{Code, Problem};
use crate::http::state::AppState;
use crate::http::support::reason::Reason;
use crate::inbox::decide::{Decided, Decision, Done, Wish};

/// Why, and about which time of being set aside.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookWish {
    /// Why, in 1 to 500 characters; kept for ever, so please no names.
    #[schema(value_type = String)]
    reason: Reason,
    /// As it was shown; the first time when absent.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    attempt_id: Option<ParkingId>,
}

/// What was decided.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookDecided {
    /// The webhook's name.
    id: String,
    /// Which time of being set aside.
    #[schema(value_type = String)]
    attempt_id: ParkingId,
    /// `retry` or `dismiss`.
    action: String,
    /// Who decided it.
    person: Uuid,
    /// When.
    at: DateTime<Utc>,
}

impl WebhookDecided {
    fn of(webhook: &WebhookId, done: Done) -> Self {
        Self {
            id: webhook.to_string(),
            attempt_id: ParkingId { webhook: webhook.clone(), number: done.parking },
            action: done.action,
            person: done.person,
            at: done.at,
        }
    }
}

/// Tries a webhook again; one that still cannot be applied is set aside again.
#[utoipa::path(post, path = "/api/support/webhooks/{id}/retry", tag = "support",
    request_body = WebhookWish,
    params(("id" = String, Path, description = "`partner:its-own-id`")),
    responses((status = 200, description = "It is tried again", body = WebhookDecided)))]
pub async fn retry(
    staff: Staff<SupportTeam>,
    state: Data<AppState>,
    Id(id): Id<WebhookId>,
    Json(wish): Json<WebhookWish>,
) -> Result<Answer<WebhookDecided>, Problem> {
    decide(&state, staff.person().id, (id, wish), Decision::Retry).await
}

/// Leaves a webhook that cannot be applied.
#[utoipa::path(post, path = "/api/support/webhooks/{id}/dismiss", tag = "support",
    request_body = WebhookWish,
    params(("id" = String, Path, description = "`partner:its-own-id`")),
    responses((status = 200, description = "It is left", body = WebhookDecided)))]
pub async fn dismiss(
    staff: Staff<SupportTeam>,
    state: Data<AppState>,
    Id(id): Id<WebhookId>,
    Json(wish): Json<WebhookWish>,
) -> Result<Answer<WebhookDecided>, Problem> {
    decide(&state, staff.person().id, (id, wish), Decision::Dismiss).await
}

async fn decide(
    state: &AppState,
    person: Uuid,
    (id, wish): (WebhookId, WebhookWish),
    decision: Decision,
) -> Result<Answer<WebhookDecided>, Problem> {
    let named = wish.attempt_id.as_ref();
    let is_this = named.is_none_or(|named| named.webhook == id);
    // Another webhook's name fits no time of this one.
    let parking = if is_this { named.map_or(1, |named| named.number) } else { 0 };
    let wished =
        Wish { partner: &id.partner, external_id: &id.external_id, parking, decision, person };
    let decided = state.inbox.decide(wished, wish.reason.as_str()).await;
    let decided = decided.map_err(|error| Problem::unavailable(&error))?;
    match decided {
        Decided::Now(done) => {
            let position = *state.ledger.head().borrow();
            Ok(Answer::ok(position, WebhookDecided::of(&id, done)))
        }
        Decided::Before(done) => {
            Err(Problem::new(Code::AlreadyDone).fact("first", WebhookDecided::of(&id, done)))
        }
        Decided::OtherParking(number) => Err(Problem::new(Code::WrongAttempt)
            .fact("present_attempt_id", ParkingId { webhook: id, number })),
        Decided::NotParked => Err(Problem::new(Code::NotPossibleNow)
            .detail("This webhook is not set aside: it was applied, or is being tried.")),
        Decided::Unknown => Err(Problem::new(Code::NotFound)),
    }
}
