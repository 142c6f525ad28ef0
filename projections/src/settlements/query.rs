//! Asks for the bank's lines, and which floats run low.
//!
//! Rows: A2, A4, Q2.

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::{PartnerId, Position};
use rust_decimal::Decimal;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use crate::paging::{ListError, Page};

/// A line of the bank's.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
#[allow(missing_docs, reason = "the fields are those of the table")]
pub struct SettlementRow {
    pub position: i64,
    pub id: Uuid,
    pub partner_id: String,
    pub direction: String,
    pub amount: Decimal,
    pub currency: String,
    pub booked_on: NaiveDate,
    pub bank_reference: String,
    pub funding_model: String,
    pub recorded_at: DateTime<Utc>,
}

/// The bank's lines as of a position, the latest first; with one partner, or with all.
///
/// # Errors
/// [`ListError`].
pub async fn list(
    pool: &PgPool,
    (at, partner): (Position, Option<&PartnerId>),
    page: &Page,
) -> Result<(Vec<SettlementRow>, Option<String>), ListError> {
    let rows: Vec<SettlementRow> = sqlx::query_as(
        "SELECT * FROM settlements
          WHERE position <= $1 AND ($2::text IS NULL OR partner_id = $2)
            AND ($3::bigint IS NULL OR position < $3)
          ORDER BY position DESC LIMIT $4",
    )
    .bind(at.0)
    .bind(partner.map(PartnerId::as_str))
    .bind(page.after_position()?)
    .bind(page.fetched())
    .fetch_all(pool)
    .await?;
    Ok(page.cut(rows, |row| row.position.to_string()))
}

/// A float that may not last.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct LowFloat {
    /// With whom.
    pub partner_id: String,
    /// Of what.
    pub currency: String,
    /// What is left of it, by the ledger.
    pub left: Decimal,
    /// What was issued from it in those days.
    pub issued: Decimal,
}

/// Floats of which less is left than was issued from them within so many days, by the ledger alone.
/// Only of partners with whom our bank has ever had a line: before that nobody knows what is left.
///
/// # Errors
/// When the read model cannot be read.
pub async fn floats_low(pool: &PgPool, days: i32) -> Result<Vec<LowFloat>, sqlx::Error> {
    sqlx::query_as(
        "SELECT partner_id, currency, sum(change) AS left, coalesce(sum(issued) FILTER (
                  WHERE day > (ledger_now() AT TIME ZONE 'Australia/Sydney')::date - $1), 0)
                  AS issued
           FROM float_days f
          WHERE EXISTS (SELECT FROM settlements s
                         WHERE s.partner_id = f.partner_id AND s.funding_model = 'prepaid')
          GROUP BY partner_id, currency
         HAVING sum(change) < coalesce(sum(issued) FILTER (
                  WHERE day > (ledger_now() AT TIME ZONE 'Australia/Sydney')::date - $1), 0)
          ORDER BY partner_id, currency",
    )
    .bind(days)
    .fetch_all(pool)
    .await
}
