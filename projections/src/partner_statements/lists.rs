//! Lists statements, and what differs in them, as they stood at any position.
//!
//! What changes of a statement or a break is kept with the position at which it did; a break ends
//! once, so that its end counts from its own position on.
//!
//! Rows: A2, A4, Q2.

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::{PartnerId, Position};
use rust_decimal::Decimal;
use serde_json::Value;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use crate::paging::{ListError, Page, instant_mark};

/// A statement.
#[derive(Debug, Clone, PartialEq, FromRow)]
#[allow(missing_docs, reason = "the fields are those of the table")]
pub struct StatementRow {
    pub id: Uuid,
    pub partner_id: String,
    pub business_date: NaiveDate,
    pub sequence: i32,
    pub currency: String,
    pub made_at: DateTime<Utc>,
    pub lines: i32,
    pub totals: Value,
    pub sha256: String,
    pub status: String,
    /// How many of its lines agree.
    pub matched: i64,
    /// By how much an agreed tolerance let them be off, theirs less ours, in cents.
    pub off_by_cents: i64,
    pub superseded_by: Option<Uuid>,
    pub imported_at: DateTime<Utc>,
    /// How many of its breaks are open.
    pub open_breaks: i64,
}

/// Statements at a position, the latest first; of one partner, or of all.
///
/// # Errors
/// [`ListError`].
pub async fn statements(
    pool: &PgPool,
    (at, partner): (Position, Option<&PartnerId>),
    page: &Page,
) -> Result<(Vec<StatementRow>, Option<String>), ListError> {
    let after = page.after_instant()?;
    let rows: Vec<StatementRow> = sqlx::query_as(
        "SELECT s.id, s.partner_id, s.business_date, s.sequence, s.currency, s.made_at, s.lines,
                s.totals, s.sha256, s.imported_at, coalesce(m.lines, 0) AS matched,
                coalesce(m.off_by_cents, 0)::bigint AS off_by_cents,
                CASE WHEN s.superseded_at_position <= $1 THEN 'superseded'
                     WHEN m.lines IS NOT NULL THEN 'matched' ELSE 'imported' END AS status,
                CASE WHEN s.superseded_at_position <= $1 THEN s.superseded_by END AS superseded_by,
                (SELECT count(*) FROM statement_breaks b
                  WHERE b.statement_id = s.id AND b.opened_at_position <= $1
                    AND (b.ended_at_position > $1) IS NOT FALSE) AS open_breaks
           FROM partner_statements s
           LEFT JOIN LATERAL (
             SELECT sum(m.lines) AS lines, sum(m.off_by_cents) AS off_by_cents
               FROM statement_matchings m
              WHERE m.statement_id = s.id AND m.position <= $1) m ON true
          WHERE s.imported_at_position <= $1 AND ($2::text IS NULL OR s.partner_id = $2)
            AND ($3::timestamptz IS NULL OR (s.imported_at, s.id) < ($3, $4))
          ORDER BY s.imported_at DESC, s.id DESC LIMIT $5",
    )
    .bind(at.0)
    .bind(partner.map(PartnerId::as_str))
    .bind(after.map(|(at, _)| at))
    .bind(after.map(|(_, id)| id))
    .bind(page.fetched())
    .fetch_all(pool)
    .await?;
    Ok(page.cut(rows, |row| instant_mark(row.imported_at, row.id)))
}

/// A difference between a statement and our log.
#[derive(Debug, Clone, PartialEq, FromRow)]
#[allow(missing_docs, reason = "the fields are those of the table")]
pub struct BreakRow {
    pub id: Uuid,
    pub statement_id: Uuid,
    pub partner_id: String,
    pub business_date: NaiveDate,
    pub kind: String,
    pub line: Option<i32>,
    pub position: Option<i64>,
    pub movement: String,
    pub reference: String,
    pub partner_ref: String,
    pub counts_on: NaiveDate,
    pub stated: Option<Decimal>,
    pub recorded: Option<Decimal>,
    pub amount: Decimal,
    pub currency: String,
    pub state: String,
    pub owner: Option<Uuid>,
    pub first_person: Option<Uuid>,
    pub first_person_until: Option<DateTime<Utc>>,
    pub second_person: Option<Uuid>,
    pub outcome: Option<String>,
    pub note: Option<String>,
    pub opened_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
}

/// Which breaks are asked for.
#[derive(Debug, Clone)]
pub struct BreakFilter {
    /// As they stood at this position.
    pub at: Position,
    /// Of whom; of all when none is named.
    pub partner: Option<PartnerId>,
    /// `open`, `resolved` or `forced`; in any state when none is named.
    pub state: Option<String>,
    /// In what they differ.
    pub kind: Option<String>,
    /// In which statement.
    pub statement: Option<Uuid>,
}

/// What the last note of a break by then says that says anything of `beside`.
fn last(what: &str, beside: &str) -> String {
    format!(
        "(SELECT n.{what} FROM statement_break_notes n
           WHERE n.statement_id = b.statement_id AND n.number = b.number AND n.position <= $1
             AND n.{beside} IS NOT NULL
           ORDER BY n.position DESC LIMIT 1) AS {what}"
    )
}

/// Breaks at a position, the earliest first.
///
/// # Errors
/// [`ListError`].
pub async fn breaks(
    pool: &PgPool,
    filter: &BreakFilter,
    page: &Page,
) -> Result<(Vec<BreakRow>, Option<String>), ListError> {
    let after = page.after_instant()?;
    let [owner, first, until, second, note] = [
        ("owner", "owner"),
        ("first_person", "first_person"),
        // Once it is forced, the word stands for good.
        ("first_person_until", "first_person"),
        ("second_person", "second_person"),
        ("note", "note"),
    ]
    .map(|(what, beside)| last(what, beside));
    let statement = format!(
        "SELECT b.id, b.statement_id, b.partner_id, b.business_date, b.kind, b.line, b.position,
                b.movement, b.reference, b.partner_ref, b.counts_on, b.stated, b.recorded, b.amount,
                b.currency, b.opened_at, {owner}, {first}, {until}, {second}, {note},
                CASE WHEN b.ended_at_position <= $1 THEN b.state ELSE 'open' END AS state,
                CASE WHEN b.ended_at_position <= $1 THEN b.outcome END AS outcome,
                CASE WHEN b.ended_at_position <= $1 THEN b.ended_at END AS ended_at
           FROM statement_breaks b
          WHERE b.opened_at_position <= $1 AND ($2::text IS NULL OR b.partner_id = $2)
            AND ($3::text IS NULL
                 OR $3 = CASE WHEN b.ended_at_position <= $1 THEN b.state ELSE 'open' END)
            AND ($4::text IS NULL OR b.kind = $4) AND ($5::uuid IS NULL OR b.statement_id = $5)
            AND ($6::timestamptz IS NULL OR (b.opened_at, b.id) > ($6, $7))
          ORDER BY b.opened_at, b.id LIMIT $8"
    );
    let rows: Vec<BreakRow> = sqlx::query_as(&statement)
        .bind(filter.at.0)
        .bind(filter.partner.as_ref().map(PartnerId::as_str))
        .bind(filter.state.as_deref())
        .bind(filter.kind.as_deref())
        .bind(filter.statement)
        .bind(after.map(|(at, _)| at))
        .bind(after.map(|(_, id)| id))
        .bind(page.fetched())
        .fetch_all(pool)
        .await?;
    Ok(page.cut(rows, |row| instant_mark(row.opened_at, row.id)))
}
