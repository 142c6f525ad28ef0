//! Claims links that are due.

use chrono::{DateTime, Utc};
use domain::ids::AccountId;
use sqlx::{PgPool, Row};
use uuid::Uuid;

use crate::todo::Todo;

const TODO: Todo = Todo { table: "account_todo", key: "account_id" };

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
    let claim = (worker, lease_seconds, limit);
    let rows = TODO
        .claim(pool, "step IN ('verify', 'unlink')", "t.account_id, t.step, t.sequence", claim)
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
    TODO.look_again_at(pool, (due.account_id.0, due.sequence), at).await
}
