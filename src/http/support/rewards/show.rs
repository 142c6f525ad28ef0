//! GET: what happened to this reward, in words, and what can be done now?
//!
//! Rows: R6, R1, Q4.

use actix_web::web::Data;
use chrono::{DateTime, Utc};
use domain::ids::RewardId;
use domain::reward::{Reward, SupportAction};
use projections::reward_history::query::HistoryRow;
use projections::{checkpoint, reward_history, support_rewards};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::words::words;
use super::{AttemptId, SupportReward};
use crate::access::{Staff, SupportTeam};
use crate::http::address::Id;
use crate::http::position::{Answer, AtLeast};
use crate::http::problem::{Code, Problem};
use crate::http::state::AppState;

/// A reward, everything that happened to it, and what can be done.
#[derive(Debug, Serialize, ToSchema)]
pub struct SupportRewardWithHistory {
    #[serde(flatten)]
    reward: SupportReward,
    /// What would be accepted now.
    possible: Vec<Possible>,
    /// In the order in which it was recorded.
    history: Vec<Happened>,
}

/// An action that would be accepted now.
#[derive(Debug, Serialize, ToSchema)]
pub struct Possible {
    /// Which: `POST` it to this reward's address.
    #[schema(value_type = String)]
    action: SupportAction,
    /// On which attempt; null before the first.
    #[schema(value_type = Option<String>)]
    attempt_id: Option<AttemptId>,
}

/// Something that happened to the reward.
#[derive(Debug, Serialize, ToSchema)]
pub struct Happened {
    /// Its place in the log.
    position: i64,
    /// The event's name.
    event: String,
    /// The same in plain words.
    words: String,
    /// Who did it, such as `process:issue_reward` or `support:<id>`.
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

impl From<HistoryRow> for Happened {
    fn from(row: HistoryRow) -> Self {
        Self {
            position: row.position,
            words: words(&row.event, &row.details),
            event: row.event,
            actor: row.actor,
            reason: row.reason,
            details: row.details,
            occurred_at: row.occurred_at,
            recorded_at: row.recorded_at,
        }
    }
}

/// One reward with its whole history, and what can be done about it now.
#[utoipa::path(get, path = "/api/support/rewards/{id}", tag = "support",
    params(("id" = String, Path, description = "The reward's id")),
    responses((status = 200, description = "The reward", body = SupportRewardWithHistory)))]
pub async fn show(
    _staff: Staff<SupportTeam>,
    state: Data<AppState>,
    at_least: AtLeast,
    Id(id): Id<RewardId>,
) -> Result<Answer<SupportRewardWithHistory>, Problem> {
    let read_models = [support_rewards::NAME, reward_history::NAME];
    let position = at_least.wait(&state.shown, &read_models).await?;
    let mut history = reward_history::query::of(&state.read_pool, id).await?;
    // The two read models are built side by side: the reward is never older than its own history.
    let shown = checkpoint::position(&state.read_pool, support_rewards::NAME).await?;
    history.retain(|happened| happened.position <= shown.0);
    let row = support_rewards::query::get(&state.read_pool, id).await?;
    let reward = row.ok_or_else(|| Problem::new(Code::NotFound))?.into();
    let now = state.ledger.load::<Reward>(&id.to_string()).await?.state;
    let attempt_id = AttemptId::of(id, now.last_attempt());
    let may = now.support_may(state.ledger.now()).into_iter();
    Ok(Answer::ok(
        position,
        SupportRewardWithHistory {
            reward,
            possible: may.map(|action| Possible { action, attempt_id }).collect(),
            history: history.into_iter().map(Happened::from).collect(),
        },
    ))
}
