//! Claims rewards of which something is still to be taken back.

use chrono::{DateTime, Utc};
use domain::ids::RewardId;
use sqlx::{PgPool, Row};
use uuid::Uuid;

use crate::todo::Todo;

const TODO: Todo = Todo { table: "recall_todo", key: "reward_id" };

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
    let claim = (worker, lease_seconds, limit);
    let rows = TODO.claim(pool, "true", "t.reward_id, t.sequence", claim).await?;
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
    TODO.look_again_at(pool, (due.reward_id.0, due.sequence), at).await
}
