//! Claims journeys that are due, and says when to look again.

use chrono::{DateTime, Utc};
use domain::ids::MemberId;
use sqlx::{PgPool, Row};
use uuid::Uuid;

use crate::todo::Todo;

const TODO: Todo = Todo { table: "journey_todo", key: "member_id" };

/// A journey in one worker's hands, for as long as the lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueJourney {
    /// Whose.
    pub member_id: MemberId,
    sequence: i64,
}

/// Claims at most `limit` journeys that are due by the ledger's clock, for `lease_seconds`.
///
/// # Errors
/// When the table cannot be read.
pub async fn claim_due(
    pool: &PgPool,
    worker: Uuid,
    lease_seconds: i64,
    limit: i64,
) -> Result<Vec<DueJourney>, sqlx::Error> {
    let claim = (worker, lease_seconds, limit);
    let rows = TODO.claim(pool, "true", "t.member_id, t.sequence", claim).await?;
    Ok(rows
        .iter()
        .map(|row| DueJourney { member_id: MemberId(row.get(0)), sequence: row.get(1) })
        .collect())
}

/// Says when to look again, unless something happened to the journey meanwhile; never, when nothing
/// more can come.
///
/// # Errors
/// When the table cannot be written.
pub async fn look_again_at(
    pool: &PgPool,
    due: &DueJourney,
    at: Option<DateTime<Utc>>,
) -> Result<(), sqlx::Error> {
    TODO.look_again_at(pool, (due.member_id.0, due.sequence), at).await
}

/// How many members' milestones have been due for so many minutes of the ledger, and nobody has
/// looked.
///
/// # Errors
/// When the table cannot be read.
pub async fn overdue(pool: &PgPool, minutes: i64) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT count(*) FROM journey_todo WHERE next_at < ledger_now() - $1 * interval '1 minute'",
    )
    .bind(minutes)
    .fetch_one(pool)
    .await
}
