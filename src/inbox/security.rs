//! Who knocked with a wrong key? Counted and kept, never with a body.
//!
//! *Guarantees*: repeats within a minute are one row with a count, the id that of the first; what
//! is older than a year goes.
//!
//! Rows: W4.

use chrono::{DateTime, Utc};
use domain::ids::PartnerId;
use projections::paging::{ListError, Page};
use sqlx::{FromRow, PgPool};

/// Something that should not have happened at the edge.
#[derive(Debug, Clone, Copy)]
pub struct SecurityEvent<'a> {
    /// A code, such as `signature_wrong`.
    pub kind: &'a str,
    /// Which partner's door.
    pub partner: Option<&'a str>,
    /// From where.
    pub address: Option<&'a str>,
    /// The id it came with, when that has the form of one.
    pub external_id: Option<&'a str>,
}

/// Keeps a security event; the same again within its minute is counted.
///
/// # Errors
/// When the database cannot be reached.
pub async fn record(pool: &PgPool, event: SecurityEvent<'_>) -> Result<(), sqlx::Error> {
    let short =
        |text: &str| text.chars().filter(char::is_ascii_graphic).take(128).collect::<String>();
    sqlx::query(
        "INSERT INTO public.security_events AS kept
                (kind, partner_id, address, external_id, minute)
         VALUES ($1, $2, $3, $4, date_trunc('minute', clock_timestamp()))
         ON CONFLICT (kind, coalesce(partner_id, ''), coalesce(address, ''), minute)
         DO UPDATE SET count = kept.count + 1, last_at = clock_timestamp()",
    )
    .bind(event.kind)
    .bind(event.partner.map(short))
    .bind(event.address.map(short))
    .bind(event.external_id.map(short))
    .execute(pool)
    .await?;
    Ok(())
}

/// A security event that is kept.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct SecurityRow {
    /// Its number.
    pub id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// A code.
    pub kind: String,
    /// Which partner's door.
    pub partner_id: Option<String>,
    /// From where.
    pub address: Option<String>,
    /// The id it came with, the first time.
    pub external_id: Option<String>,
    /// How often within that minute.
    pub count: i64,
    /// When the last time.
    pub last_at: DateTime<Utc>,
}

/// Security events, newest first.
///
/// # Errors
/// [`ListError`].
pub async fn list(
    pool: &PgPool,
    partner: Option<&PartnerId>,
    page: &Page,
) -> Result<(Vec<SecurityRow>, Option<String>), ListError> {
    let rows: Vec<SecurityRow> = sqlx::query_as(
        "SELECT id, at, kind, partner_id, address, external_id, count, last_at
           FROM public.security_events
          WHERE ($1::text IS NULL OR partner_id = $1) AND ($2::bigint IS NULL OR id < $2)
          ORDER BY id DESC LIMIT $3",
    )
    .bind(partner.map(PartnerId::as_str))
    .bind(page.after_position()?)
    .bind(page.fetched())
    .fetch_all(pool)
    .await?;
    Ok(page.cut(rows, |row| row.id.to_string()))
}

/// Lets go of what is older than a year; answers how many rows that were.
///
/// # Errors
/// When the database cannot be reached.
pub async fn prune(pool: &PgPool) -> Result<u64, sqlx::Error> {
    let old = "DELETE FROM public.security_events
                WHERE last_at < clock_timestamp() - interval '1 year'
                  AND at < clock_timestamp() - interval '1 year'";
    Ok(sqlx::query(old).execute(pool).await?.rows_affected())
}
