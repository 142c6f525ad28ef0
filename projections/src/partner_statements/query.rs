//! Asks for statements, what differs in them, and what of ours no statement speaks of yet.
//!
//! Rows: A2.

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::{PartnerId, Position};
use domain::partner_statement::{MovementKind, OwnMovement, TOP_UP_DAYS};
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
    pub matched: i32,
    pub off_by_cents: i64,
    pub superseded_by: Option<Uuid>,
    pub imported_at: DateTime<Utc>,
    /// How many of its breaks are open.
    pub open_breaks: i64,
}

const STATEMENT: &str = "SELECT s.*, (SELECT count(*) FROM statement_breaks b
                                   WHERE b.statement_id = s.id AND b.state = 'open') AS open_breaks
                           FROM partner_statements s";

/// Statements, the latest first; of one partner, or of all.
///
/// # Errors
/// [`ListError`].
pub async fn statements(
    pool: &PgPool,
    partner: Option<&PartnerId>,
    page: &Page,
) -> Result<(Vec<StatementRow>, Option<String>), ListError> {
    let after = page.after_instant()?;
    let rows: Vec<StatementRow> = sqlx::query_as(&format!(
        "{STATEMENT}
          WHERE ($1::text IS NULL OR s.partner_id = $1)
            AND ($2::timestamptz IS NULL OR (s.imported_at, s.id) < ($2, $3))
          ORDER BY s.imported_at DESC, s.id DESC LIMIT $4"
    ))
    .bind(partner.map(PartnerId::as_str))
    .bind(after.map(|(at, _)| at))
    .bind(after.map(|(_, id)| id))
    .bind(page.fetched())
    .fetch_all(pool)
    .await?;
    Ok(page.cut(rows, |row| instant_mark(row.imported_at, row.id)))
}

/// One statement.
///
/// # Errors
/// When the read model cannot be read.
pub async fn statement(pool: &PgPool, id: Uuid) -> Result<Option<StatementRow>, sqlx::Error> {
    sqlx::query_as(&format!("{STATEMENT} WHERE s.id = $1")).bind(id).fetch_optional(pool).await
}

/// The latest statement that a partner has given for a day.
///
/// # Errors
/// When the read model cannot be read.
pub async fn latest_of_day(
    pool: &PgPool,
    partner: &PartnerId,
    day: NaiveDate,
) -> Result<Option<StatementRow>, sqlx::Error> {
    let latest = format!(
        "{STATEMENT} WHERE s.partner_id = $1 AND s.business_date = $2
          ORDER BY s.sequence DESC LIMIT 1"
    );
    sqlx::query_as(&latest).bind(partner.as_str()).bind(day).fetch_optional(pool).await
}

/// Statements that are imported and not compared yet, the earliest day first.
///
/// # Errors
/// When the read model cannot be read.
pub async fn to_compare(pool: &PgPool, limit: i64) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT id FROM partner_statements WHERE status = 'imported'
          ORDER BY business_date, partner_id, sequence LIMIT $1",
    )
    .bind(limit)
    .fetch_all(pool)
    .await
}

/// A difference between a statement and our log.
#[derive(Debug, Clone, PartialEq, FromRow)]
#[allow(missing_docs, reason = "the fields are those of the table")]
pub struct BreakRow {
    pub id: Uuid,
    pub statement_id: Uuid,
    pub number: i32,
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
    pub outcome: Option<String>,
    pub note: Option<String>,
    pub opened_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
}

/// Which breaks are asked for.
#[derive(Debug, Clone, Default)]
pub struct BreakFilter {
    /// Of whom; of all when none is named.
    pub partner: Option<PartnerId>,
    /// `open`, `resolved` or `forced`; in any state when none is named.
    pub state: Option<String>,
    /// In what they differ.
    pub kind: Option<String>,
    /// In which statement.
    pub statement: Option<Uuid>,
}

/// Breaks, the earliest first.
///
/// # Errors
/// [`ListError`].
pub async fn breaks(
    pool: &PgPool,
    filter: &BreakFilter,
    page: &Page,
) -> Result<(Vec<BreakRow>, Option<String>), ListError> {
    let after = page.after_instant()?;
    let rows: Vec<BreakRow> = sqlx::query_as(
        "SELECT * FROM statement_breaks
          WHERE ($1::text IS NULL OR partner_id = $1) AND ($2::text IS NULL OR state = $2)
            AND ($3::text IS NULL OR kind = $3) AND ($4::uuid IS NULL OR statement_id = $4)
            AND ($5::timestamptz IS NULL OR (opened_at, id) > ($5, $6))
          ORDER BY opened_at, id LIMIT $7",
    )
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

/// One break.
///
/// # Errors
/// When the read model cannot be read.
pub async fn break_of(pool: &PgPool, id: Uuid) -> Result<Option<BreakRow>, sqlx::Error> {
    let one = "SELECT * FROM statement_breaks WHERE id = $1";
    sqlx::query_as(one).bind(id).fetch_optional(pool).await
}

/// The other side of a break has come.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Arrival {
    /// In which statement the break is.
    pub statement_id: Uuid,
    /// Which one of it.
    pub number: i32,
    /// The line that agrees with ours now; none where another statement's line does.
    pub line: Option<i32>,
    /// Ours.
    pub position: i64,
}

/// Breaks whose other side has come: what was unexpected has been recorded, or what was overdue has
/// been spoken of.
///
/// # Errors
/// When the read model cannot be read.
pub async fn arrivals(pool: &PgPool, limit: i64) -> Result<Vec<Arrival>, sqlx::Error> {
    sqlx::query_as(
        "(SELECT b.statement_id, b.number, b.line, m.position
            FROM statement_breaks b
            JOIN LATERAL (
              SELECT m.position FROM statement_movements m
               WHERE m.partner_id = b.partner_id AND m.partner_ref = b.partner_ref
                 AND m.kind = b.movement AND m.currency = b.currency
                 AND abs(m.cents) = round(b.stated * 100)::bigint AND m.matched_in IS NULL
                 AND m.set_aside_in IS NULL
               ORDER BY m.position LIMIT 1) m ON true
           WHERE b.state = 'open' AND b.kind IN ('unexpected', 'state_differs')
           ORDER BY b.opened_at, b.id LIMIT $1)
         UNION ALL
         (SELECT b.statement_id, b.number, b.line, m.position
            FROM statement_breaks b
            JOIN LATERAL (
              SELECT m.position FROM statement_movements m
               WHERE m.partner_id = b.partner_id AND m.kind = 'TOPUP' AND m.currency = b.currency
                 AND m.cents = round(b.stated * 100)::bigint AND m.matched_in IS NULL
                 AND m.set_aside_in IS NULL
                 AND m.business_date BETWEEN b.counts_on - $2::int AND b.counts_on + $2::int
               ORDER BY abs(m.business_date - b.counts_on), m.position LIMIT 1) m ON true
           WHERE b.state = 'open' AND b.kind = 'unexpected' AND b.movement = 'TOPUP'
           ORDER BY b.opened_at, b.id LIMIT $1)
         UNION ALL
         (SELECT b.statement_id, b.number, NULL, m.position
            FROM statement_breaks b JOIN statement_movements m ON m.position = b.position
           WHERE b.state = 'open' AND b.kind = 'overdue' AND m.matched_in IS NOT NULL
           ORDER BY b.opened_at, b.id LIMIT $1)",
    )
    .bind(limit)
    .bind(i32::try_from(TOP_UP_DAYS).unwrap_or(i32::MAX))
    .fetch_all(pool)
    .await
}

#[derive(FromRow)]
struct OwnRow {
    position: i64,
    kind: String,
    reference: Option<String>,
    partner_ref: String,
    use_id: Option<String>,
    business_date: NaiveDate,
    cents: i64,
    currency: String,
    is_matched: bool,
    is_overdue: bool,
}

/// Ours that a statement may speak of: what nobody has spoken of up to a day, and whatever belongs
/// to the values that its lines are about. What is overdue already is not told again.
///
/// # Errors
/// When the read model cannot be read, or holds what this program does not know.
pub async fn ours(
    pool: &PgPool,
    partner: &PartnerId,
    up_to: NaiveDate,
    (references, partner_refs): (&[&str], &[&str]),
) -> Result<Vec<OwnMovement>, sqlx::Error> {
    let rows: Vec<OwnRow> = sqlx::query_as(
        "WITH wanted AS (
           SELECT position FROM statement_movements
            WHERE partner_id = $1 AND matched_in IS NULL AND kind <> 'ORDER'
              AND business_date <= $2 AND overdue_in IS NULL
           UNION
           SELECT position FROM statement_movements
            WHERE partner_id = $1 AND kind = 'TOPUP' AND matched_in IS NULL
              AND business_date BETWEEN $2 - $5::int AND $2 + $5::int
           UNION
           SELECT m.position FROM unnest($4::text[]) AS said(partner_ref)
             JOIN statement_movements m
               ON m.partner_id = $1 AND m.partner_ref = said.partner_ref AND m.kind <> 'ORDER'
           UNION
           SELECT m.position FROM unnest($3::text[]) AS said(reference)
             JOIN statement_movements m
               ON m.partner_id = $1 AND m.reference = said.reference AND m.kind <> 'ORDER')
         SELECT m.position, m.kind, coalesce(m.reference, issue.reference) AS reference,
                m.partner_ref, m.use_id, m.business_date, m.cents, m.currency,
                m.matched_in IS NOT NULL AS is_matched, m.overdue_in IS NOT NULL AS is_overdue
           FROM wanted JOIN statement_movements m USING (position)
           LEFT JOIN LATERAL (
             SELECT i.reference FROM statement_movements i
              WHERE i.partner_id = $1 AND i.partner_ref = m.partner_ref AND i.kind = 'ISSUE'
              ORDER BY i.position LIMIT 1) issue ON m.reference IS NULL
          WHERE m.set_aside_in IS NULL
          ORDER BY m.position",
    )
    .bind(partner.as_str())
    .bind(up_to)
    .bind(references)
    .bind(partner_refs)
    .bind(i32::try_from(TOP_UP_DAYS).unwrap_or(i32::MAX))
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(own).collect()
}

fn own(row: OwnRow) -> Result<OwnMovement, sqlx::Error> {
    let unknown = |what: &str| sqlx::Error::Decode(format!("a {what} nobody knows").into());
    Ok(OwnMovement {
        position: Position(row.position),
        kind: MovementKind::read(&row.kind).ok_or_else(|| unknown("kind"))?,
        reference: row.reference.unwrap_or_default(),
        partner_ref: row.partner_ref,
        use_id: row.use_id,
        business_date: row.business_date,
        cents: row.cents,
        currency: row.currency.parse().map_err(|_| unknown("currency"))?,
        is_matched: row.is_matched,
        is_overdue: row.is_overdue,
    })
}

/// Orders of ours that are not known to have been carried out, by the reference that a statement
/// names them by.
///
/// # Errors
/// When the read model cannot be read.
pub async fn orders_without_value(
    pool: &PgPool,
    partner: &PartnerId,
    references: &[&str],
) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT DISTINCT o.reward_id FROM statement_movements o
          WHERE o.partner_id = $1 AND o.kind = 'ORDER' AND o.reference = ANY($2)
            AND NOT EXISTS (SELECT FROM statement_movements i
                             WHERE i.partner_id = $1 AND i.reference = o.reference
                               AND i.kind = 'ISSUE')",
    )
    .bind(partner.as_str())
    .bind(references)
    .fetch_all(pool)
    .await
}
