//! Asks for one statement or break, and what of ours no statement speaks of yet.
//!
//! Rows: A2.

use chrono::NaiveDate;
use domain::ids::{PartnerId, Position};
use domain::partner_statement::{MovementKind, OwnMovement, TOP_UP_DAYS};
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

/// By what a statement's file is found.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct StatementFile {
    /// Whose.
    pub partner_id: String,
    /// Of which day.
    pub business_date: NaiveDate,
    /// The digest of its bytes, in hex.
    pub sha256: String,
}

/// Which file a statement was read from.
///
/// # Errors
/// When the read model cannot be read.
pub async fn file_of(pool: &PgPool, id: Uuid) -> Result<Option<StatementFile>, sqlx::Error> {
    let one = "SELECT partner_id, business_date, sha256 FROM partner_statements WHERE id = $1";
    sqlx::query_as(one).bind(id).fetch_optional(pool).await
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

/// Partner and day of statements that nobody could compare for so many hours.
///
/// # Errors
/// When the read model cannot be read.
pub async fn not_compared(
    pool: &PgPool,
    hours: i64,
) -> Result<Vec<(String, NaiveDate)>, sqlx::Error> {
    sqlx::query_as(
        "SELECT partner_id, business_date FROM partner_statements
          WHERE status = 'imported' AND imported_at < ledger_now() - $1 * interval '1 hour'
          ORDER BY business_date, partner_id LIMIT 200",
    )
    .bind(hours)
    .fetch_all(pool)
    .await
}

/// In which statement a break is, and which one of it.
///
/// # Errors
/// When the read model cannot be read.
pub async fn break_of(pool: &PgPool, id: Uuid) -> Result<Option<(Uuid, i32)>, sqlx::Error> {
    let one = "SELECT statement_id, number FROM statement_breaks WHERE id = $1";
    sqlx::query_as(one).bind(id).fetch_optional(pool).await
}

/// What was unexpected and what was recorded since are the same thing only if they count within so
/// many days of each other; otherwise people look.
const ARRIVES_WITHIN: i32 = 1;

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
                 AND m.set_aside_in IS NULL AND (m.use_id = b.use_id) IS NOT FALSE
                 AND m.business_date BETWEEN b.counts_on - $3::int AND b.counts_on + $3::int
               ORDER BY m.use_id = b.use_id DESC NULLS LAST, m.position LIMIT 1) m ON true
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
    .bind(ARRIVES_WITHIN)
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
