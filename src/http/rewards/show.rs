//! GET: what about this reward, and what happened to it?
//!
//! Rows: Q2, Q4, R1, R5.

use actix_web::web::Data;
use chrono::{DateTime, Utc};
use domain::ids::RewardId;
use projections::reward_history::query::HistoryRow;
use projections::{reward_history, rewards};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::RewardBody;
use crate::access::roles::Group as _;
use crate::access::{Member, SupportTeam};
use crate::http::address::Id;
use crate::http::position::{Answer, AtLeast};
use crate::http::problem::{Code, Problem};
use crate::http::state::AppState;

/// Who said what, and by which document.
const TEAM_DETAILS: [&str; 3] = ["first_person", "second_person", "evidence"];

/// A reward with everything that happened to it.
#[derive(Debug, Serialize, ToSchema)]
pub struct RewardWithHistory {
    #[serde(flatten)]
    reward: RewardBody,
    /// In the order in which it was recorded.
    history: Vec<HistoryBody>,
}

/// Something that happened to a reward.
#[derive(Debug, Serialize, ToSchema)]
pub struct HistoryBody {
    /// Its place in the log.
    position: i64,
    /// What happened, such as `VoucherIssued`.
    event: String,
    /// Who did it, such as `process:issue_reward`.
    actor: String,
    /// Why.
    reason: String,
    /// What it says, without anything sealed.
    #[schema(value_type = Object)]
    details: Value,
    /// When it happened.
    occurred_at: DateTime<Utc>,
    /// When it was recorded.
    recorded_at: DateTime<Utc>,
}

/// What the team writes to each other, and who it was, is not for the member's eyes.
fn without_the_team(mut row: HistoryRow) -> HistoryRow {
    let role = row.actor.split(':').next().unwrap_or_default();
    if SupportTeam::ROLES.iter().any(|of_the_team| of_the_team.as_str() == role) {
        row.actor = "support".to_owned();
        row.reason = "somebody of our team looked after it".to_owned();
        if let Value::Object(details) = &mut row.details {
            details.retain(|name, _| !TEAM_DETAILS.contains(&name.as_str()));
        }
    }
    row
}

impl From<HistoryRow> for HistoryBody {
    fn from(row: HistoryRow) -> Self {
        let row = without_the_team(row);
        Self {
            position: row.position,
            event: row.event,
            actor: row.actor,
            reason: row.reason,
            details: row.details,
            occurred_at: row.occurred_at,
            recorded_at: row.recorded_at,
        }
    }
}

/// One reward of the member's own, with its history.
#[utoipa::path(get, path = "/api/rewards/{id}", tag = "rewards",
    params(("id" = String, Path, description = "The reward's id")),
    responses((status = 200, description = "The reward", body = RewardWithHistory)))]
pub async fn show(
    member: Member,
    state: Data<AppState>,
    at_least: AtLeast,
    Id(id): Id<RewardId>,
) -> Result<Answer<RewardWithHistory>, Problem> {
    let read_models = [rewards::NAME, reward_history::NAME];
    let position = at_least.wait(&state.shown, &read_models).await?;
    let row = rewards::query::get(&state.read_pool, member.id, id).await?;
    let reward = row.ok_or_else(|| Problem::new(Code::NotFound))?.into();
    let history = reward_history::query::of(&state.read_pool, id).await?;
    let history = history.into_iter().map(HistoryBody::from).collect();
    Ok(Answer::ok(position, RewardWithHistory { reward, history }))
}
