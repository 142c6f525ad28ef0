//! Claims rewards that are due.

use chrono::{DateTime, Utc};
use domain::ids::RewardId;
use sqlx::{PgPool, Row};
use uuid::Uuid;

use crate::todo::{Claim, Todo};

const TODO: Todo = Todo { table: "reward_todo", key: "reward_id" };

/// A reward in one worker's hands, for as long as the lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueReward {
    /// Which.
    pub reward_id: RewardId,
    /// What its row says is due.
    pub step: String,
    sequence: i64,
}

/// Claims at most `limit` rewards that are due by the ledger's clock, for `lease_seconds`.
///
/// # Errors
/// When the table cannot be read.
pub async fn claim_due(
    pool: &PgPool,
    worker: Uuid,
    lease_seconds: i64,
    limit: i64,
) -> Result<Vec<DueReward>, sqlx::Error> {
    claim(pool, "step IN ('choose', 'issue', 'resolve', 'expire')", (worker, lease_seconds, limit))
        .await
}

/// Claims rewards that wait for an account and have not been looked at for a while.
///
/// # Errors
/// When the table cannot be read.
pub async fn claim_waiting(
    pool: &PgPool,
    worker: Uuid,
    lease_seconds: i64,
    limit: i64,
) -> Result<Vec<DueReward>, sqlx::Error> {
    claim(pool, "step = 'wait_account'", (worker, lease_seconds, limit)).await
}

/// `steps` is written as in the index that serves it.
async fn claim(
    pool: &PgPool,
    steps: &'static str,
    claim: Claim,
) -> Result<Vec<DueReward>, sqlx::Error> {
    let rows = TODO.claim(pool, steps, "t.reward_id, t.step, t.sequence", claim).await?;
    Ok(rows
        .iter()
        .map(|row| DueReward {
            reward_id: RewardId(row.get(0)),
            step: row.get(1),
            sequence: row.get(2),
        })
        .collect())
}

/// Has orders looked up at once whose outcome nobody knows; what is being worked on stays so.
///
/// # Errors
/// When the table cannot be written.
pub async fn look_up_now(pool: &PgPool, rewards: &[Uuid]) -> Result<(), sqlx::Error> {
    if rewards.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE reward_todo SET next_at = ledger_now()
          WHERE reward_id = ANY($1) AND step = 'resolve' AND next_at > ledger_now()
            AND lease_owner IS NULL",
    )
    .bind(rewards)
    .execute(pool)
    .await?;
    Ok(())
}

/// How many rewards go no further without a person.
///
/// # Errors
/// When the table cannot be read.
pub async fn waiting_for_people(pool: &PgPool) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT count(*) FROM reward_todo WHERE step = 'manual'")
        .fetch_one(pool)
        .await
}

/// Says when to look again, unless something happened to the reward meanwhile; never, when nothing
/// more can become due by itself.
///
/// # Errors
/// When the table cannot be written.
pub async fn look_again_at(
    pool: &PgPool,
    due: &DueReward,
    at: Option<DateTime<Utc>>,
) -> Result<(), sqlx::Error> {
    TODO.look_again_at(pool, (due.reward_id.0, due.sequence), at).await
}
