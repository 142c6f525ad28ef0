//! Which day's statement is still to be fetched? A row for each partner and day, from the first
//! order on.
//!
//! A claimed row is due later; whoever claimed it and is gone leaves it to the next one. A lease
//! only saves calls: the same bytes again change nothing.
//!
//! Rows: A2, D6.

use chrono::NaiveDate;
use domain::ids::PartnerId;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

/// Longer than any answer is waited for.
const LEASE_SECONDS: i64 = 180;
/// A partner that could not say is asked again after so long, and twice as long each time …
const AGAIN_SECONDS: i64 = 300;
/// … up to so long.
const LONGEST_SECONDS: i64 = 6 * 3_600;

/// A day whose statement is to be fetched, in one worker's hands.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct DueDay {
    /// Whose.
    pub partner_id: String,
    /// Of which day.
    pub business_date: NaiveDate,
}

/// Notes every day that is over, up to `last` of each partner, beginning with the day of its first
/// order. Also the days that passed while nobody looked.
///
/// # Errors
/// When the table cannot be written.
pub async fn note_days(pool: &PgPool, last: &[(PartnerId, NaiveDate)]) -> Result<(), sqlx::Error> {
    let (partners, days): (Vec<&str>, Vec<NaiveDate>) =
        last.iter().map(|(partner, day)| (partner.as_str(), *day)).unzip();
    sqlx::query(
        "INSERT INTO statement_pulls (partner_id, business_date, next_at)
         SELECT given.partner_id, day::date, ledger_now()
           FROM unnest($1::text[], $2::date[]) AS given(partner_id, last)
           CROSS JOIN LATERAL generate_series(
             coalesce((SELECT max(p.business_date) + 1 FROM statement_pulls p
                        WHERE p.partner_id = given.partner_id),
                      (SELECT min(m.business_date) FROM read.statement_movements m
                        WHERE m.partner_id = given.partner_id AND m.kind = 'ORDER')),
             given.last, interval '1 day') AS day
         ON CONFLICT DO NOTHING",
    )
    .bind(partners)
    .bind(days)
    .execute(pool)
    .await?;
    Ok(())
}

/// Claims days that are due by the ledger's clock, the earliest first.
///
/// # Errors
/// When the table cannot be written.
pub async fn claim(pool: &PgPool, worker: Uuid, limit: i64) -> Result<Vec<DueDay>, sqlx::Error> {
    sqlx::query_as(
        "UPDATE statement_pulls p
            SET next_at = ledger_now() + $2 * interval '1 second', lease_owner = $1,
                tries = tries + 1
           FROM (SELECT partner_id, business_date FROM statement_pulls
                  WHERE done_at IS NULL AND next_at <= (SELECT ledger_now())
                  ORDER BY next_at, business_date, partner_id LIMIT $3
                  FOR UPDATE SKIP LOCKED) due
          WHERE p.partner_id = due.partner_id AND p.business_date = due.business_date
         RETURNING p.partner_id, p.business_date",
    )
    .bind(worker)
    .bind(LEASE_SECONDS)
    .bind(limit)
    .fetch_all(pool)
    .await
}

/// The statement of the day is in the books.
///
/// # Errors
/// When the table cannot be written.
pub async fn done(pool: &PgPool, day: &DueDay) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE statement_pulls
            SET done_at = ledger_now(), trouble = NULL, lease_owner = NULL
          WHERE partner_id = $1 AND business_date = $2 AND done_at IS NULL",
    )
    .bind(&day.partner_id)
    .bind(day.business_date)
    .execute(pool)
    .await?;
    Ok(())
}

/// It is not; it is asked for again later.
///
/// # Errors
/// When the table cannot be written.
pub async fn put_off(pool: &PgPool, day: &DueDay, trouble: &str) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE statement_pulls
            SET trouble = $3, lease_owner = NULL,
                next_at = ledger_now() + interval '1 second'
                        * least($4 * power(2, least(tries, 20) - 1), $5)
          WHERE partner_id = $1 AND business_date = $2 AND done_at IS NULL",
    )
    .bind(&day.partner_id)
    .bind(day.business_date)
    .bind(trouble)
    .bind(AGAIN_SECONDS)
    .bind(LONGEST_SECONDS)
    .execute(pool)
    .await?;
    Ok(())
}

/// Days of whose statement something is wrong, or that has been missing for so many hours.
///
/// # Errors
/// When the table cannot be read.
pub async fn in_trouble(
    pool: &PgPool,
    missing_hours: i64,
) -> Result<Vec<(DueDay, String)>, sqlx::Error> {
    let rows: Vec<(String, NaiveDate, String)> = sqlx::query_as(
        "SELECT partner_id, business_date, coalesce(trouble, 'not_asked') FROM statement_pulls
          WHERE done_at IS NULL AND (trouble = $1
             OR noted_at < ledger_now() - $2 * interval '1 hour')
          ORDER BY business_date, partner_id LIMIT 200",
    )
    .bind(FAULTY)
    .bind(missing_hours)
    .fetch_all(pool)
    .await?;
    let told =
        |(partner_id, business_date, trouble)| (DueDay { partner_id, business_date }, trouble);
    Ok(rows.into_iter().map(told).collect())
}

/// What stands as the trouble of a day whose file has faults.
pub const FAULTY: &str = "faulty";
