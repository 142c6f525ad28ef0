//! Claims rewards that are due.

use chrono::{DateTime, Utc};
use domain::ids::RewardId;
use sqlx::{PgPool, Row};
use uuid::Uuid;

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
    (worker, lease_seconds, limit): (Uuid, i64, i64),
) -> Result<Vec<DueReward>, sqlx::Error> {
    let rows = sqlx::query(&format!(
        "UPDATE reward_todo t
            SET next_at = ledger_now() + $2 * interval '1 second', lease_owner = $1
           FROM (SELECT reward_id FROM reward_todo
                  WHERE {steps} AND next_at <= (SELECT ledger_now())
                  ORDER BY next_at LIMIT $3 FOR UPDATE SKIP LOCKED) due
          WHERE t.reward_id = due.reward_id RETURNING t.reward_id, t.step, t.sequence"
    ))
    .bind(worker)
    .bind(lease_seconds)
    .bind(limit)
    .fetch_all(pool)
    .await?;
    Ok(rows
        .iter()
        .map(|row| DueReward {
            reward_id: RewardId(row.get(0)),
            step: row.get(1),
            sequence: row.get(2),
        })
        .collect())
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
    sqlx::query(
        "UPDATE reward_todo SET next_at = coalesce($3, 'infinity'::timestamptz), lease_owner = NULL
          WHERE reward_id = $1 AND sequence = $2",
    )
    .bind(due.reward_id.0)
    .bind(due.sequence)
    .bind(at)
    .execute(pool)
    .await?;
    Ok(())
}
