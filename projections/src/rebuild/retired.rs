//! What becomes of the rows that were asked before a rebuild? They are kept for a week.
//!
//! Nobody asks them and nothing moves them on: they are there to be looked at, should the new ones
//! surprise somebody.
//!
//! Rows: A4.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgPool;

use super::copy::drop_schema;

/// A copy that was asked before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Retired {
    /// Of which read model.
    pub name: String,
    /// Where its rows are.
    pub schema: String,
    /// Where it stood.
    pub position: i64,
    /// When it was retired.
    pub updated_at: DateTime<Utc>,
}

/// Removes the copies that were retired more than seven days ago; answers which.
///
/// # Errors
/// When the database cannot be asked.
pub async fn remove_retired(pool: &PgPool) -> Result<Vec<Retired>, sqlx::Error> {
    let old: Vec<Retired> = sqlx::query_as(
        "SELECT name, schema, position, updated_at FROM public.checkpoints
          WHERE state = 'retired' AND updated_at < clock_timestamp() - interval '7 days'
          ORDER BY name, schema",
    )
    .fetch_all(pool)
    .await?;
    for retired in &old {
        drop_schema(pool, &retired.schema).await?;
    }
    Ok(old)
}
