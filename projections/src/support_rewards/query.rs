//! Asks which rewards wait.
//!
//! Rows: R6.

use chrono::{DateTime, Utc};
use domain::ids::RewardId;
use rust_decimal::Decimal;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use crate::paging::{ListError, Page, instant_mark};

/// A reward as the support team sees it.
#[derive(Debug, Clone, PartialEq, FromRow)]
#[allow(missing_docs, reason = "the fields are those of the table")]
pub struct SupportRow {
    pub reward_id: Uuid,
    pub member_id: Uuid,
    pub milestone_id: String,
    pub reward_type: String,
    pub amount: Decimal,
    pub currency: String,
    pub status: String,
    pub waits_since: DateTime<Utc>,
    pub partner_id: Option<String>,
    pub code_masked: Option<String>,
    pub attempt: i32,
    pub attempt_state: Option<String>,
    pub attempt_since: Option<DateTime<Utc>>,
    pub void_state: Option<String>,
    pub first_person: Option<Uuid>,
    pub last_reason: Option<String>,
    pub created_at: DateTime<Utc>,
    /// By the ledger's clock, in whole seconds.
    pub waiting_seconds: i64,
}

/// What is asked for besides a status.
pub const OTHER_STATES: [&str; 3] = ["unknown", "deferred", "stuck"];

const COLUMNS: &str = "reward_id, member_id, milestone_id, reward_type, amount, currency, status,
    waits_since, partner_id, code_masked, attempt, attempt_state, attempt_since, void_state,
    first_person, last_reason, created_at,
    greatest(extract(epoch FROM ledger_now() - waits_since), 0)::bigint AS waiting_seconds";

/// What a word for a state asks for; `$1` is the word.
fn condition(state: Option<&str>) -> &'static str {
    match state {
        None => "$1::text IS NULL",
        Some("unknown") => "$1 = 'unknown' AND attempt_state IN ('unknown', 'not_found')",
        Some("deferred") => "$1 = 'deferred' AND attempt_state = 'deferred'",
        Some("stuck") => {
            "$1 = 'stuck' AND (status IN ('failed', 'on_review')
               OR (attempt_state IN ('requested', 'deferred', 'unknown', 'not_found')
                   AND attempt_since < ledger_now() - interval '24 hours')
               OR (void_state = 'asked' AND void_since < ledger_now() - interval '24 hours'))"
        }
        Some(_) => "status = $1",
    }
}

/// Rewards in this state, oldest first: a status, or one of [`OTHER_STATES`].
///
/// # Errors
/// [`ListError`].
pub async fn list(
    pool: &PgPool,
    state: Option<&str>,
    page: &Page,
) -> Result<(Vec<SupportRow>, Option<String>), ListError> {
    let after = page.after_instant()?;
    let rows: Vec<SupportRow> = sqlx::query_as(&format!(
        "SELECT {COLUMNS} FROM support_rewards
          WHERE {} AND ($2::timestamptz IS NULL OR (created_at, reward_id) > ($2, $3))
          ORDER BY created_at, reward_id LIMIT $4",
        condition(state)
    ))
    .bind(state)
    .bind(after.map(|(at, _)| at))
    .bind(after.map(|(_, id)| id))
    .bind(page.fetched())
    .fetch_all(pool)
    .await?;
    Ok(page.cut(rows, |row| instant_mark(row.created_at, row.reward_id)))
}

/// One reward.
///
/// # Errors
/// When the read model cannot be read.
pub async fn get(pool: &PgPool, reward: RewardId) -> Result<Option<SupportRow>, sqlx::Error> {
    let one = format!("SELECT {COLUMNS} FROM support_rewards WHERE reward_id = $1");
    sqlx::query_as(&one).bind(reward.0).fetch_optional(pool).await
}

/// Rewards that nobody gave.
///
/// # Errors
/// When the read model cannot be read.
pub async fn failed(pool: &PgPool) -> Result<Vec<SupportRow>, sqlx::Error> {
    let failed = format!("SELECT {COLUMNS} FROM support_rewards WHERE status = 'failed'");
    sqlx::query_as(&failed).fetch_all(pool).await
}

/// Rewards that were ordered at least so many hours ago, by the ledger's clock, and nobody knows
/// whether that was carried out.
///
/// # Errors
/// When the read model cannot be read.
pub async fn unknown_for(pool: &PgPool, hours: i64) -> Result<Vec<SupportRow>, sqlx::Error> {
    let unknown = format!(
        "SELECT {COLUMNS} FROM support_rewards
          WHERE attempt_state IN ('requested', 'unknown', 'not_found')
            AND attempt_since <= ledger_now() - $1 * interval '1 hour'"
    );
    sqlx::query_as(&unknown).bind(hours).fetch_all(pool).await
}

/// Rewards for which a partner gave what it had given before.
///
/// # Errors
/// When the read model cannot be read.
pub async fn given_twice(pool: &PgPool) -> Result<Vec<SupportRow>, sqlx::Error> {
    let twice = format!(
        "SELECT {COLUMNS} FROM support_rewards
          WHERE attempt_state IN ('requested', 'unknown', 'not_found')
            AND last_reason IN ('given_for_another_reward', 'given_before')"
    );
    sqlx::query_as(&twice).fetch_all(pool).await
}

/// Rewards whose voucher a partner was asked at least so many hours ago to take back, by the
/// ledger's clock, and did not say.
///
/// # Errors
/// When the read model cannot be read.
pub async fn voids_asked_for(pool: &PgPool, hours: i64) -> Result<Vec<SupportRow>, sqlx::Error> {
    let asked = format!(
        "SELECT {COLUMNS} FROM support_rewards
          WHERE void_state = 'asked' AND void_since <= ledger_now() - $1 * interval '1 hour'"
    );
    sqlx::query_as(&asked).bind(hours).fetch_all(pool).await
}

/// How many rewards are not issued, by what they wait for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, FromRow)]
pub struct NotIssued {
    /// No partner of theirs can give anything.
    pub without_partner: i64,
    /// Their partner was busy or not there.
    pub put_off: i64,
    /// Nobody knows whether their order was carried out.
    pub unknown: i64,
}

/// The same for those that have waited for so many minutes of the ledger.
///
/// # Errors
/// When the read model cannot be read.
pub async fn not_issued(pool: &PgPool, minutes: i64) -> Result<NotIssued, sqlx::Error> {
    sqlx::query_as(
        "SELECT count(*) FILTER (WHERE attempt_state IS NULL
                                    OR attempt_state IN ('refused', 'attested_not_issued'))
                  AS without_partner,
                count(*) FILTER (WHERE attempt_state = 'deferred') AS put_off,
                count(*) FILTER (WHERE attempt_state IN ('requested', 'unknown', 'not_found'))
                  AS unknown
           FROM support_rewards
          WHERE status IN ('pending', 'processing')
            AND coalesce(attempt_since, waits_since) < ledger_now() - $1 * interval '1 minute'",
    )
    .bind(minutes)
    .fetch_one(pool)
    .await
}
