//! Claims rewards of which something is still to be taken back.

use chrono::{DateTime, Utc};
use domain::ids::RewardId;
use sqlx::{PgPool, Row};
use uuid::Uuid;

/// A reward in one worker's hands, for as long as the lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueRecall {
    /// Which.
    pub reward_id: RewardId,
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
) -> Result<Vec<DueRecall>, sqlx::Error> {
    let rows = sqlx::query(
        "UPDATE recall_todo t
            SET next_at = ledger_now() + $2 * interval '1 second', lease_owner = $1
           FROM (SELECT reward_id FROM recall_todo WHERE next_at <= (SELECT ledger_now())
                  ORDER BY next_at LIMIT $3 FOR UPDATE SKIP LOCKED) due
          WHERE t.reward_id = due.reward_id RETURNING t.reward_id, t.sequence",
    )
    .bind(worker)
    .bind(lease_seconds)
    .bind(limit)
    .fetch_all(pool)
    .await?;
    let due =
        rows.iter().map(|row| DueRecall { reward_id: RewardId(row.get(0)), sequence: row.get(1) });
    Ok(due.collect())
}

/// Says when to look again, unless there was another word meanwhile; never, when nothing is left.
///
/// # Errors
/// When the table cannot be written.
pub async fn look_again_at(
    pool: &PgPool,
    due: &DueRecall,
    at: Option<DateTime<Utc>>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE recall_todo SET next_at = coalesce($3, 'infinity'::timestamptz), lease_owner = NULL
          WHERE reward_id = $1 AND sequence = $2",
    )
    .bind(due.reward_id.0)
    .bind(due.sequence)
    .bind(at)
    .execute(pool)
    .await?;
    Ok(())
}
