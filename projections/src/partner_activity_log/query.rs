//! Asks what happened.
//!
//! Rows: Q2.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use crate::paging::{ListError, Page};

/// One activity.
#[derive(Debug, Clone, PartialEq, Serialize, FromRow)]
pub struct ActivityRow {
    /// Its own id.
    pub id: Uuid,
    /// Its place in the log.
    pub position: i64,
    /// The partner it concerns.
    pub partner_id: Option<String>,
    /// The event's name.
    pub activity_type: String,
    /// The member it concerns.
    pub user_id: Option<Uuid>,
    /// What it says, without anything sealed.
    pub details: Value,
    /// When it happened.
    pub timestamp: DateTime<Utc>,
}

/// Which activities are wanted.
#[derive(Debug, Clone, Default)]
pub struct ActivityFilter {
    /// Of this partner.
    pub partner: Option<String>,
    /// Of this kind.
    pub activity_type: Option<String>,
    /// Of this member.
    pub member: Option<Uuid>,
    /// Not before.
    pub from: Option<DateTime<Utc>>,
    /// Before.
    pub to: Option<DateTime<Utc>>,
}

/// Activities, newest first.
///
/// # Errors
/// [`ListError`].
pub async fn list(
    pool: &PgPool,
    filter: &ActivityFilter,
    page: &Page,
) -> Result<(Vec<ActivityRow>, Option<String>), ListError> {
    let after = page.after_position()?;
    let rows: Vec<ActivityRow> = sqlx::query_as(
        "SELECT id, position, partner_id, activity_type, user_id, details, timestamp
           FROM partner_activity_log
          WHERE ($1::text IS NULL OR partner_id = $1) AND ($2::text IS NULL OR activity_type = $2)
            AND ($3::uuid IS NULL OR user_id = $3)
            AND ($4::timestamptz IS NULL OR timestamp >= $4)
            AND ($5::timestamptz IS NULL OR timestamp < $5)
            AND ($6::bigint IS NULL OR position < $6)
          ORDER BY position DESC LIMIT $7",
    )
    .bind(&filter.partner)
    .bind(&filter.activity_type)
    .bind(filter.member)
    .bind(filter.from)
    .bind(filter.to)
    .bind(after)
    .bind(page.fetched())
    .fetch_all(pool)
    .await?;
    Ok(page.cut(rows, |row| row.position.to_string()))
}

/// Partners that said within so many days of the ledger that our float with them runs low.
///
/// # Errors
/// When the read model cannot be read.
pub async fn float_low(pool: &PgPool, days: i64) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT DISTINCT partner_id FROM partner_activity_log
          WHERE activity_type = 'FloatLowReported' AND partner_id IS NOT NULL
            AND timestamp > ledger_now() - $1 * interval '1 day' ORDER BY partner_id",
    )
    .bind(days)
    .fetch_all(pool)
    .await
}

/// Partners that gave something for the first time at least so many hours ago.
///
/// # Errors
/// When the read model cannot be read.
pub async fn issuing_for(pool: &PgPool, hours: i64) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT partner_id FROM partner_activity_log
          WHERE activity_type IN ('VoucherIssued', 'CreditApplied') AND partner_id IS NOT NULL
          GROUP BY partner_id HAVING min(created_at) < ledger_now() - $1 * interval '1 hour'
          ORDER BY partner_id",
    )
    .bind(hours)
    .fetch_all(pool)
    .await
}
