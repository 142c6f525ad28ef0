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
