//! Asks what happened to a reward.

use chrono::{DateTime, Utc};
use domain::ids::{PartnerId, RewardId};
use serde::Serialize;
use serde_json::Value;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, FromRow)]
pub struct HistoryRow {
    /// Its place in the log.
    pub position: i64,
    /// The event's name.
    pub event: String,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// What the event says, without anything sealed.
    pub details: Value,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
}

/// Everything that happened to a reward, in order. A reward's stream is short by nature.
///
/// # Errors
/// When the read model cannot be read.
pub async fn of(pool: &PgPool, reward: RewardId) -> Result<Vec<HistoryRow>, sqlx::Error> {
    sqlx::query_as(
        "SELECT position, event, actor, reason, details, occurred_at, recorded_at
           FROM reward_history WHERE reward_id = $1 ORDER BY position",
    )
    .bind(reward.0)
    .fetch_all(pool)
    .await
}

/// The attempt that this reference of ours was made for.
///
/// # Errors
/// When the read model cannot be read.
pub async fn attempt_of(
    pool: &PgPool,
    partner: &PartnerId,
    reference: &str,
) -> Result<Option<(RewardId, u32)>, sqlx::Error> {
    let found: Option<(Uuid, i64)> = sqlx::query_as(
        "SELECT reward_id, (details->>'attempt')::bigint FROM reward_history
          WHERE event = 'IssuanceRequested' AND details->>'reference' = $2
            AND details->>'partner_id' = $1",
    )
    .bind(partner.as_str())
    .bind(reference)
    .fetch_optional(pool)
    .await?;
    Ok(found.and_then(|(reward, attempt)| Some((RewardId(reward), attempt.try_into().ok()?))))
}

/// A value that turned up after its attempt had been settled.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct LateIssue {
    /// Where that stands in the log.
    pub position: i64,
    /// For which reward it had been ordered.
    pub reward_id: Uuid,
    /// Who gave it.
    pub partner_id: Option<String>,
    /// Whether its partner said that it does not come back.
    pub is_lost: bool,
}

/// Every value that turned up late, but for what was taken back in full.
///
/// # Errors
/// When the read model cannot be read.
pub async fn late_issues(pool: &PgPool) -> Result<Vec<LateIssue>, sqlx::Error> {
    sqlx::query_as(
        "SELECT f.position, f.reward_id, f.details->>'partner_id' AS partner_id,
                coalesce(bool_or(e.event = 'LateIssueLost'), false) AS is_lost
           FROM reward_history f
           LEFT JOIN reward_history e ON e.reward_id = f.reward_id
             AND e.event IN ('LateIssueRecalled', 'LateIssueLost')
             AND e.details->>'attempt' = f.details->>'attempt'
             AND e.details->>'partner_ref' = f.details->>'partner_ref'
          WHERE f.event = 'LateIssueFound'
          GROUP BY f.position, f.reward_id, f.details->>'partner_id'
         HAVING coalesce(bool_or(e.event = 'LateIssueLost'), true)
          ORDER BY f.position",
    )
    .fetch_all(pool)
    .await
}
