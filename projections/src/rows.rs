//! How are many rows written in one statement? As one JSON document that Postgres takes apart.
//!
//! One round trip for a whole batch, whatever the number of columns; the database checks every
//! type.

use serde::Serialize;
use sqlx::PgConnection;

/// A table that a projection owns.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// Its name, unqualified.
    pub name: &'static str,
    /// The columns that identify a row.
    pub key: &'static str,
    /// All columns, in the order of the row type.
    pub columns: &'static [&'static str],
}

impl Table {
    /// Inserts rows, or replaces those that are there.
    ///
    /// # Errors
    /// When the database refuses one; none is written then.
    pub async fn upsert<R: Serialize + Sync>(
        &self,
        tx: &mut PgConnection,
        rows: &[R],
    ) -> Result<(), sqlx::Error> {
        if rows.is_empty() {
            return Ok(());
        }
        let document = serde_json::to_string(rows).map_err(|e| sqlx::Error::Encode(e.into()))?;
        sqlx::query(&self.upsert_statement()).bind(document).execute(tx).await?;
        Ok(())
    }

    fn upsert_statement(&self) -> String {
        let Self { name, key, columns } = self;
        let listed = columns.join(", ");
        let replaced: Vec<String> =
            columns.iter().map(|c| format!("{c} = EXCLUDED.{c}")).collect();
        format!(
            "INSERT INTO {name} ({listed})
             SELECT {listed} FROM jsonb_populate_recordset(NULL::{name}, $1::jsonb)
             ON CONFLICT ({key}) DO UPDATE SET {}",
            replaced.join(", ")
        )
    }
}
