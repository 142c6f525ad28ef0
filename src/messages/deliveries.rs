//! What became of a notice at an endpoint? One row, however often it is tried; kept for 30 days.
//!
//! | after try | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 |
//! | --- | --- | --- | --- | --- | --- | --- | --- | --- |
//! | the next comes in about | 5 s | 1 min | 5 min | 30 min | 2 h | 8 h | 24 h | – |
//!
//! Each wait is made up to a fifth longer by chance, so that what failed together does not come
//! back together. A receiver that asks for more time by `Retry-After` is given it, up to a day; the
//! tries stay eight. After the eighth the delivery has `failed`; an administrator may have it sent
//! again, which begins the table anew under the same id.
//!
//! Rows: U4.

use chrono::{DateTime, Duration, Utc};
use projections::paging::{ListError, Page, instant_mark};
use rand::RngExt;
use sqlx::{FromRow, PgPool, Row};
use uuid::Uuid;

/// The waits between tries, in seconds.
pub const WAITS: [i64; 7] = [5, 60, 300, 1_800, 7_200, 28_800, 86_400];
/// A receiver that asks for a longer wait is tried after this one, in seconds: a day.
pub const LONGEST_ASKED_FOR: i64 = 86_400;
/// How long deliveries are kept, in days.
const KEPT_DAYS: i32 = 30;
/// How many are forgotten in one statement.
const FORGOTTEN_AT_ONCE: i64 = 10_000;

/// A delivery as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Delivery {
    /// The `webhook-id`.
    pub id: Uuid,
    /// What it is about.
    pub kind: String,
    /// `waiting`, `delivered`, `failed` or `ended`.
    pub state: String,
    /// How often it was tried.
    pub attempts: i32,
    /// When it is tried next.
    pub next_at: Option<DateTime<Utc>>,
    /// The last answer's status.
    pub last_status: Option<i32>,
    /// Why there was no answer, as a code.
    pub last_error: Option<String>,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// When it was over.
    pub settled_at: Option<DateTime<Utc>>,
}

/// A delivery in one sender's hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueDelivery {
    /// The `webhook-id`.
    pub id: Uuid,
    /// To whom.
    pub endpoint: Uuid,
    /// Where that is.
    pub url: String,
    /// The bytes that are signed.
    pub body: String,
    /// Which wait comes next.
    pub step: usize,
}

/// What a try came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried {
    /// An answer with this status, and after how many seconds the receiver wants to be asked again.
    Answered {
        /// Its status.
        status: u16,
        /// In whole seconds, where it said so.
        retry_after: Option<i64>,
    },
    /// None, for this reason.
    NotAnswered(&'static str),
}

impl Tried {
    fn is_taken(self) -> bool {
        matches!(self, Self::Answered { status: 200..=299, .. })
    }
}

/// Claims what is due, for `lease_seconds`.
///
/// # Errors
/// When the table cannot be read.
pub async fn claim(
    pool: &PgPool,
    lease_seconds: i64,
    limit: i64,
) -> Result<Vec<DueDelivery>, sqlx::Error> {
    let rows = sqlx::query(
        "UPDATE outgoing_deliveries d SET next_at = ledger_now() + $1 * interval '1 second',
                attempts = d.attempts + 1
           FROM (SELECT id FROM outgoing_deliveries o
                  WHERE state = 'waiting' AND next_at <= (SELECT ledger_now())
                    AND EXISTS (SELECT FROM outgoing_webhooks w
                                 WHERE w.id = o.endpoint_id AND w.state = 'active')
                  ORDER BY next_at LIMIT $2 FOR UPDATE SKIP LOCKED) due,
                outgoing_webhooks e
          WHERE d.id = due.id AND e.id = d.endpoint_id
          RETURNING d.id, d.endpoint_id, e.url, d.body, d.step",
    )
    .bind(lease_seconds)
    .bind(limit)
    .fetch_all(pool)
    .await?;
    let due = rows.iter().map(|row| {
        Ok(DueDelivery {
            id: row.try_get(0)?,
            endpoint: row.try_get(1)?,
            url: row.try_get(2)?,
            body: row.try_get(3)?,
            step: usize::try_from(row.try_get::<i32, _>(4)?).unwrap_or(usize::MAX),
        })
    });
    due.collect()
}

/// Writes down what a try came to, and when the next one is; one that ended meanwhile stays so,
/// unless it was taken after all.
///
/// # Errors
/// When the table cannot be written: it is tried once more then, under the same id.
pub async fn tried(pool: &PgPool, due: &DueDelivery, what: Tried) -> Result<(), sqlx::Error> {
    let (status, error, asked_for) = match what {
        Tried::Answered { status, retry_after } => (Some(i32::from(status)), None, retry_after),
        Tried::NotAnswered(why) => (None, Some(why), None),
    };
    let wait = wait_seconds(due.step, asked_for.unwrap_or(0));
    let state = match (what.is_taken(), wait) {
        (true, _) => "delivered",
        (false, Some(_)) => "waiting",
        (false, None) => "failed",
    };
    sqlx::query(
        "UPDATE outgoing_deliveries
            SET state = $2, last_status = $3, last_error = $4, step = step + 1,
                next_at = ledger_now() + coalesce($5, 0) * interval '1 second',
                settled_at = CASE WHEN $2 <> 'waiting' THEN ledger_now() END
          WHERE id = $1 AND (state = 'waiting' OR $2 = 'delivered')",
    )
    .bind(due.id)
    .bind(state)
    .bind(status)
    .bind(error)
    .bind(wait)
    .execute(pool)
    .await?;
    Ok(())
}

/// The wait after the try at this step of the table, or as long as the receiver asked for where
/// that is longer; with up to a fifth more.
fn wait_seconds(step: usize, asked_for: i64) -> Option<i64> {
    let wait = (*WAITS.get(step)?).max(asked_for.min(LONGEST_ASKED_FOR));
    Some(wait + rand::rng().random_range(0..=wait / 5))
}

/// An endpoint's deliveries, newest first, and the mark of the next page.
///
/// # Errors
/// When the page is none, or the database cannot be asked.
pub async fn list(
    pool: &PgPool,
    endpoint: Uuid,
    page: &Page,
) -> Result<(Vec<Delivery>, Option<String>), ListError> {
    let (before, id) = page.after_instant()?.unzip();
    let rows: Vec<Delivery> = sqlx::query_as(
        "SELECT id, kind, state, attempts, CASE WHEN state = 'waiting' THEN next_at END AS next_at,
                last_status, last_error, created_at, settled_at
           FROM outgoing_deliveries
          WHERE endpoint_id = $1 AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3))
          ORDER BY created_at DESC, id DESC LIMIT $4",
    )
    .bind(endpoint)
    .bind(before)
    .bind(id)
    .bind(page.fetched())
    .fetch_all(pool)
    .await?;
    Ok(page.cut(rows, |row| instant_mark(row.created_at, row.id)))
}

/// What came of the wish to send one again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resent {
    /// It is due.
    Due(Delivery),
    /// Its endpoint takes no more.
    EndpointEnded,
    /// There is none with this id.
    NotThere,
}

/// Has a delivery tried again at once, and as often as a new one.
///
/// # Errors
/// When the database cannot be asked.
pub async fn resend(pool: &PgPool, id: Uuid) -> Result<Resent, sqlx::Error> {
    let endpoint: Option<String> = sqlx::query_scalar(
        "SELECT e.state FROM outgoing_deliveries d JOIN outgoing_webhooks e ON e.id = d.endpoint_id
          WHERE d.id = $1",
    )
    .bind(id)
    .fetch_optional(pool)
    .await?;
    match endpoint.as_deref() {
        None | Some("deleted") => return Ok(Resent::NotThere),
        Some("active") => {}
        Some(_) => return Ok(Resent::EndpointEnded),
    }
    let due = sqlx::query_as(
        "UPDATE outgoing_deliveries SET state = 'waiting', step = 0, next_at = ledger_now(),
                settled_at = NULL
          WHERE id = $1
          RETURNING id, kind, state, attempts, next_at, last_status, last_error, created_at,
                    settled_at",
    )
    .bind(id)
    .fetch_optional(pool)
    .await?;
    Ok(due.map_or(Resent::NotThere, Resent::Due))
}

/// Forgets what is older than 30 days, a bounded number; answers how many.
///
/// # Errors
/// When the database cannot be asked.
pub async fn forget_old(pool: &PgPool) -> Result<u64, sqlx::Error> {
    let gone = sqlx::query(
        "DELETE FROM outgoing_deliveries WHERE id IN (
           SELECT id FROM outgoing_deliveries
            WHERE created_at < (SELECT ledger_now()) - $1 * interval '1 day' LIMIT $2)",
    )
    .bind(KEPT_DAYS)
    .bind(FORGOTTEN_AT_ONCE)
    .execute(pool)
    .await?;
    Ok(gone.rows_affected())
}

/// How long a secret that was replaced still signs.
#[must_use]
pub fn overlap() -> Duration {
    Duration::hours(24)
}
