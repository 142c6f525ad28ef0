//! POST: counting starts again. What was earned stays.
//!
//! Rows: M2, Q4.

use actix_web::web::Data;
use chrono::NaiveDate;
use domain::ids::MemberId;
use domain::journey::JourneyCommand;
use serde::Deserialize;
use utoipa::ToSchema;

use super::journey::{JourneyBody, carry_out};
use crate::access::Service;
use crate::http::address::Id;
use crate::http::json::{Json, day};
use crate::http::position::Answer;
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::ledger::Context;

/// From when counting starts again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Restart {
    /// The new first clean day, as a local date; may lie in the past.
    #[serde(deserialize_with = "day")]
    on: NaiveDate,
}

/// Starts a new journey for a member; rewards that were reached stay theirs.
#[utoipa::path(post, path = "/api/members/{id}/journey/restart", tag = "members",
    request_body = Restart, params(("id" = String, Path, description = "The member's id")),
    responses((status = 200, description = "The journey as it stands", body = JourneyBody)))]
pub async fn restart_journey(
    service: Service,
    state: Data<AppState>,
    Id(member): Id<MemberId>,
    Json(restart): Json<Restart>,
) -> Result<Answer<JourneyBody>, Problem> {
    let context = Context::new(service.actor(), "reported by the app");
    carry_out(&state, member, JourneyCommand::Restart { on: restart.on }, context).await
}
