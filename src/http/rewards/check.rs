//! POST: have I reached something that is not recorded yet? Recorded at once; issuing follows.
//!
//! A reward is told as new by the first check after it was recorded, whoever recorded it, the
//! scheduler or this very call, and by no other. Where it stands is asked of the ledger itself, so
//! the answer is never older than what it did.
//!
//! Rows: Q2, M4, R2.

use actix_web::web::Data;
use domain::ids::RewardId;
use domain::reward::{Reward, RewardStatus};
use projections::rewards::NAME;
use projections::rewards::query::reached_by;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::told::not_told_before;
use crate::access::Member;
use crate::http::json::Json;
use crate::http::position::{Answer, AtLeast};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::ledger::Context;
use crate::ledger::reach::{Reached, reach_due};

/// Nothing is needed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Check {}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Checked {
    /// Always true.
    checked: bool,
    /// What the member has not been told of before, oldest first.
    new_rewards: Vec<NewReward>,
    /// How many these are.
    total: usize,
}

/// A reward that is new to the member.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewReward {
    /// The policy's milestone.
    milestone: String,
    /// `issued` when that has happened already, else `processing` or what it waits for.
    status: &'static str,
    /// Its id.
    reward_id: Uuid,
}

/// Looks for milestones that the member has reached, and records them.
#[utoipa::path(post, path = "/api/rewards/check", tag = "rewards", request_body = Check,
    responses((status = 200, description = "What was found", body = Checked)))]
pub async fn check(
    member: Member,
    state: Data<AppState>,
    Json(Check {}): Json<Check>,
) -> Result<Answer<Checked>, Problem> {
    let seen = AtLeast::any().wait(&state.shown, &[NAME]).await?;
    let known = reached_by(&state.read_pool, member.id).await?;
    let context = Context::new(member.actor(), "asked for by the member");
    let reached = reach_due(&state.ledger, &state.policies, member.id, &known, &context).await?;
    let position = reached.iter().map(|reached| reached.position).fold(seen, Ord::max);
    let ids: Vec<RewardId> = reached.iter().map(|reached| reached.reward_id).collect();
    let new = not_told_before(&state.pool, &ids).await?;
    let mut new_rewards = Vec::new();
    for reached in reached.iter().filter(|reached| new.contains(&reached.reward_id)) {
        new_rewards.push(told(&state, reached).await?);
    }
    let total = new_rewards.len();
    Ok(Answer::ok(position, Checked { checked: true, new_rewards, total }))
}

async fn told(state: &AppState, reached: &Reached) -> Result<NewReward, Problem> {
    let reward = state.ledger.load::<Reward>(&reached.reward_id.to_string()).await?.state;
    let status = match reward.status() {
        // A partner is being looked for: to the member the same as being ordered.
        RewardStatus::Pending => RewardStatus::Processing,
        status => status,
    };
    Ok(NewReward {
        milestone: reached.milestone.to_string(),
        status: status.as_str(),
        reward_id: reached.reward_id.0,
    })
}
