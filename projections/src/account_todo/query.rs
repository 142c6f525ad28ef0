//! Claims links that are due.

use chrono::{DateTime, Utc};
use domain::ids::AccountId;
use sqlx::{PgPool, Row};
use uuid::Uuid;

/// A link in one worker's hands, for as long as the lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueAccount {
    /// Which.
    pub account_id: AccountId,
    /// Whether it is to end.
    pub is_to_end: bool,
    sequence: i64,
}

/// Claims at most `limit` links that are due by the ledger's clock, for `lease_seconds`.
///
/// # Errors
/// When the table cannot be read.
pub async fn claim_due(
    pool: &PgPool,
    worker: Uuid,
    lease_seconds: i64,
    limit: i64,
) -> Result<Vec<DueAccount>, sqlx::Error> {
    let rows = sqlx::query(
        "UPDATE account_todo t
            SET next_at = ledger_now() + $2 * interval '1 second', lease_owner = $1
           FROM (SELECT account_id FROM account_todo
                  WHERE step IN ('verify', 'unlink') AND next_at <= (SELECT ledger_now())
                  ORDER BY next_at LIMIT $3 FOR UPDATE SKIP LOCKED) due
          WHERE t.account_id = due.account_id RETURNING t.account_id, t.step, t.sequence",
    )
    .bind(worker)
    .bind(lease_seconds)
    .bind(limit)
    .fetch_all(pool)
    .await?;
    Ok(rows
        .iter()
        .map(|row| DueAccount {
            account_id: AccountId(row.get(0)),
            is_to_end: row.get::<String, _>(1) == "unlink",
            sequence: row.get(2),
        })
        .collect())
}

/// Says when to look again, unless something happened to the link meanwhile; never, when none.
///
/// # Errors
/// When the table cannot be written.
pub async fn look_again_at(
    pool: &PgPool,
    due: &DueAccount,
    at: Option<DateTime<Utc>>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE account_todo SET next_at = coalesce($3, 'infinity'::timestamptz), lease_owner = NULL
          WHERE account_id = $1 AND sequence = $2",
    )
    .bind(due.account_id.0)
    .bind(due.sequence)
    .bind(at)
    .execute(pool)
    .await?;
    Ok(())
}
