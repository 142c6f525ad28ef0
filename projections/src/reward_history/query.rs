//! Asks what happened to a reward.

use chrono::{DateTime, Utc};
use domain::ids::RewardId;
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

/// A value that turned up after its attempt had been settled.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct LateIssue {
    /// Where that stands in the log.
    pub position: i64,
    /// For which reward it had been ordered.
    pub reward_id: Uuid,
    /// Who gave it.
    pub partner_id: Option<String>,
}

/// Every value that turned up late.
///
/// # Errors
/// When the read model cannot be read.
pub async fn late_issues(pool: &PgPool) -> Result<Vec<LateIssue>, sqlx::Error> {
    sqlx::query_as(
        "SELECT position, reward_id, details->>'partner_id' AS partner_id
           FROM reward_history WHERE event = 'LateIssueFound' ORDER BY position",
    )
    .fetch_all(pool)
    .await
}
