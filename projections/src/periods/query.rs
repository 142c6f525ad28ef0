//! Asks which months are closed, as of any position.
//!
//! Rows: A4, A6.

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::Position;
use domain::period::Span;
use sqlx::{FromRow, PgPool};

use crate::journal::Closure;
use crate::paging::{ListError, Page};

/// A closed month.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct PeriodRow {
    /// Which, such as `2026-11`.
    pub month: String,
    /// Its last business day.
    pub last_day: NaiveDate,
    /// The last event that its figures count.
    pub position: i64,
    /// SHA-256 of its figures, in hex.
    pub digest: String,
    /// When.
    pub closed_at: DateTime<Utc>,
    /// By whom.
    pub closed_by: String,
}

/// The closed months, the latest first.
///
/// # Errors
/// When the page is none, or the database cannot be asked.
pub async fn list(
    pool: &PgPool,
    at: Position,
    page: &Page,
) -> Result<(Vec<PeriodRow>, Option<String>), ListError> {
    let rows: Vec<PeriodRow> = sqlx::query_as(
        "SELECT month, last_day, position, digest, closed_at, closed_by FROM periods
          WHERE last_position <= $1 AND ($2::text IS NULL OR month < $2)
          ORDER BY month DESC LIMIT $3",
    )
    .bind(at.0)
    .bind(page.after_text())
    .bind(page.fetched())
    .fetch_all(pool)
    .await?;
    Ok(page.cut(rows, |row| row.month.clone()))
}

/// The closed months as of a position, the earliest first.
///
/// # Errors
/// When the database cannot be asked.
pub async fn closed(pool: &PgPool, at: Position) -> Result<Vec<PeriodRow>, sqlx::Error> {
    sqlx::query_as(
        "SELECT month, last_day, position, digest, closed_at, closed_by FROM periods
          WHERE last_position <= $1 ORDER BY month",
    )
    .bind(at.0)
    .fetch_all(pool)
    .await
}

impl PeriodRow {
    /// Which month, and what it rests on.
    ///
    /// # Errors
    /// When the row names no month.
    pub fn closure(&self) -> Result<Closure, sqlx::Error> {
        let month: Span = self.month.parse().map_err(|e| sqlx::Error::Decode(Box::new(e)))?;
        Ok(Closure { month, position: Position(self.position) })
    }
}
