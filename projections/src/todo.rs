//! How is a todo table worked through? What is due is claimed for a lease, and looked at again when
//! its worker says so.
//!
//! Due time and lease are one column: a claimed row is simply due later. A lease only saves work;
//! what keeps anything from happening twice is the stream that the row was derived from.
//!
//! Rows: M4, D6.

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use sqlx::postgres::PgRow;
use uuid::Uuid;

/// A table of what is due, with the columns `sequence`, `next_at` and `lease_owner`.
pub(crate) struct Todo {
    /// Its name.
    pub table: &'static str,
    /// The column that says what is due.
    pub key: &'static str,
}

/// Who claims, for how many seconds, and how many rows at most.
pub(crate) type Claim = (Uuid, i64, i64);

impl Todo {
    /// Claims what is due by the ledger's clock, the earliest first; answers the columns that are
    /// named. `which` is written as in the index that serves it.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn claim(
        &self,
        pool: &PgPool,
        which: &str,
        columns: &str,
        (worker, lease_seconds, limit): Claim,
    ) -> Result<Vec<PgRow>, sqlx::Error> {
        let Self { table, key } = self;
        sqlx::query(&format!(
            "UPDATE {table} t
                SET next_at = ledger_now() + $2 * interval '1 second', lease_owner = $1
               FROM (SELECT {key} FROM {table}
                      WHERE {which} AND next_at <= (SELECT ledger_now())
                      ORDER BY next_at LIMIT $3 FOR UPDATE SKIP LOCKED) due
              WHERE t.{key} = due.{key} RETURNING {columns}"
        ))
        .bind(worker)
        .bind(lease_seconds)
        .bind(limit)
        .fetch_all(pool)
        .await
    }

    /// Says when to look again, unless something happened to it meanwhile or woke it, which ends
    /// the lease; never, when nothing more becomes due by itself.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn look_again_at(
        &self,
        pool: &PgPool,
        (id, sequence): (Uuid, i64),
        at: Option<DateTime<Utc>>,
    ) -> Result<(), sqlx::Error> {
        let Self { table, key } = self;
        sqlx::query(&format!(
            "UPDATE {table} SET next_at = coalesce($3, 'infinity'::timestamptz), lease_owner = NULL
              WHERE {key} = $1 AND sequence = $2 AND lease_owner IS NOT NULL"
        ))
        .bind(id)
        .bind(sequence)
        .bind(at)
        .execute(pool)
        .await?;
        Ok(())
    }
}
