//! Asks what was posted, and what accounts hold, as of any position.
//!
//! An account is meant with all below it: `liabilities:clearing` is every partner's. What came
//! after its month had been closed says where it belongs.
//!
//! Rows: A1, A4, A6, Q2.

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::Position;
use rust_decimal::Decimal;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use crate::paging::{ListError, Page, PageError};

/// Which postings.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Up to this position.
    pub at: Position,
    /// From this business day on.
    pub from: Option<NaiveDate>,
    /// To this one.
    pub to: Option<NaiveDate>,
    /// Of this account, and those below it.
    pub account: Option<String>,
}

/// A posting.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
#[allow(missing_docs, reason = "the fields are the columns of `journal`")]
pub struct PostingRow {
    pub position: i64,
    pub line: i32,
    pub recorded_at: DateTime<Utc>,
    pub effective_on: NaiveDate,
    pub belongs_to: Option<String>,
    pub reward_id: Option<Uuid>,
    pub event_type: String,
    pub partner_id: Option<String>,
    pub currency: String,
    pub debit_account: String,
    pub credit_account: String,
    pub amount: Decimal,
}

/// What an account holds.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct BalanceRow {
    /// Which.
    pub account: String,
    /// Of what.
    pub currency: String,
    /// All debits.
    pub debits: Decimal,
    /// All credits.
    pub credits: Decimal,
}

/// The postings, in the order of the log.
///
/// # Errors
/// When the page is none, or the database cannot be asked.
pub async fn postings(
    pool: &PgPool,
    wanted: &Wanted,
    page: &Page,
) -> Result<(Vec<PostingRow>, Option<String>), ListError> {
    let (position, line) = after(page)?;
    let rows: Vec<PostingRow> = sqlx::query_as(
        "SELECT j.position, j.line, j.recorded_at, j.effective_on,
                CASE WHEN EXISTS (SELECT FROM periods p
                       WHERE p.last_position <= $1 AND p.position < j.position
                         AND p.last_day >= j.effective_on)
                     THEN to_char(j.effective_on, 'YYYY-MM') END AS belongs_to,
                j.reward_id, j.event_type, j.partner_id, j.currency, j.debit_account,
                j.credit_account, j.amount
           FROM journal j
          WHERE j.position <= $1 AND ($2::date IS NULL OR j.effective_on >= $2)
            AND ($3::date IS NULL OR j.effective_on <= $3)
            AND ($4::text IS NULL OR j.debit_account = $4 OR j.credit_account = $4
                 OR starts_with(j.debit_account, $4 || ':')
                 OR starts_with(j.credit_account, $4 || ':'))
            AND (j.position, j.line) > ($5, $6)
          ORDER BY j.position, j.line LIMIT $7",
    )
    .bind(wanted.at.0)
    .bind(wanted.from)
    .bind(wanted.to)
    .bind(&wanted.account)
    .bind(position)
    .bind(line)
    .bind(page.fetched())
    .fetch_all(pool)
    .await?;
    Ok(page.cut(rows, |row| format!("{}_{}", row.position, row.line)))
}

fn after(page: &Page) -> Result<(i64, i32), PageError> {
    let Some(mark) = page.after_text() else { return Ok((0, 0)) };
    let (position, line) = mark.split_once('_').ok_or(PageError::Cursor)?;
    let position = position.parse().map_err(|_| PageError::Cursor)?;
    Ok((position, line.parse().map_err(|_| PageError::Cursor)?))
}

/// What accounts hold of what was posted on these days, in order.
///
/// # Errors
/// When the database cannot be asked.
pub async fn balances(pool: &PgPool, wanted: &Wanted) -> Result<Vec<BalanceRow>, sqlx::Error> {
    sqlx::query_as(
        "SELECT a.account, j.currency,
                coalesce(sum(j.amount) FILTER (WHERE a.is_debit), 0) AS debits,
                coalesce(sum(j.amount) FILTER (WHERE NOT a.is_debit), 0) AS credits
           FROM journal j, LATERAL (VALUES (j.debit_account, true), (j.credit_account, false))
                AS a(account, is_debit)
          WHERE j.position <= $1 AND ($2::date IS NULL OR j.effective_on >= $2)
            AND ($3::date IS NULL OR j.effective_on <= $3)
            AND ($4::text IS NULL OR a.account = $4 OR starts_with(a.account, $4 || ':'))
          GROUP BY a.account, j.currency ORDER BY a.account COLLATE \"C\", j.currency",
    )
    .bind(wanted.at.0)
    .bind(wanted.from)
    .bind(wanted.to)
    .bind(&wanted.account)
    .fetch_all(pool)
    .await
}
