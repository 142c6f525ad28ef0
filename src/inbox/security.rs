//! Who knocked with a wrong key? Counted and kept, never with a body.
//!
//! *Guarantees*: repeats within a minute are one row with a count, the id that of the first; of
//! more addresses than [`ADDRESSES_A_MINUTE`] in one minute the further ones are counted without;
//! what is older than a year goes.
//!
//! Rows: W4.

use chrono::{DateTime, Utc};
use domain::ids::PartnerId;
use projections::paging::{ListError, Page};
use sqlx::{FromRow, PgPool};

/// So many rows a minute, and no more: whoever comes from everywhere is counted without an address.
pub const ADDRESSES_A_MINUTE: i64 = 500;
/// So many rows are let go of at a time.
const PRUNED_AT_ONCE: i64 = 5_000;

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
         SELECT $1, $2, CASE WHEN known.rows < $5 THEN $3 END, $4, known.minute
           FROM (SELECT m.minute, (SELECT count(*) FROM (SELECT 1 FROM public.security_events e
                                                          WHERE e.minute = m.minute LIMIT $5) few)
                                  AS rows
                   FROM (SELECT date_trunc('minute', clock_timestamp()) AS minute) m) known
         ON CONFLICT (kind, coalesce(partner_id, ''), coalesce(address, ''), minute)
         DO UPDATE SET count = kept.count + 1, last_at = clock_timestamp()",
    )
    .bind(event.kind)
    .bind(event.partner.map(short))
    .bind(event.address.map(short))
    .bind(event.external_id.map(short))
    .bind(ADDRESSES_A_MINUTE)
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

/// Lets go of what is older than a year, a little at a time; answers how many rows that were.
///
/// # Errors
/// When the database cannot be reached; what has gone by then is gone.
pub async fn prune(pool: &PgPool) -> Result<u64, sqlx::Error> {
    let mut gone = 0;
    loop {
        let some = sqlx::query(
            "DELETE FROM public.security_events WHERE id IN (
               SELECT id FROM public.security_events
                WHERE last_at < clock_timestamp() - interval '1 year' LIMIT $1)",
        )
        .bind(PRUNED_AT_ONCE)
        .execute(pool)
        .await?
        .rows_affected();
        gone += some;
        if some < PRUNED_AT_ONCE.cast_unsigned() {
            return Ok(gone);
        }
    }
}

/// Bad signatures of one kind at one partner's door, from one address.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct BadSignatures {
    /// Which partner's door.
    pub partner_id: Option<String>,
    /// From where.
    pub address: Option<String>,
    /// A code, such as `signature_wrong`.
    pub kind: String,
    /// How many.
    pub count: i64,
}

/// Bad signatures within so many minutes, by partner, address and kind.
///
/// # Errors
/// When the database cannot be reached.
pub async fn bad_signatures(
    pool: &PgPool,
    minutes: i64,
) -> Result<Vec<BadSignatures>, sqlx::Error> {
    sqlx::query_as(
        "SELECT partner_id, address, kind, sum(count)::bigint AS count
           FROM public.security_events
          WHERE last_at > clock_timestamp() - $1 * interval '1 minute' AND kind LIKE 'signature_%'
          GROUP BY partner_id, address, kind ORDER BY partner_id, address, kind",
    )
    .bind(minutes)
    .fetch_all(pool)
    .await
}
