//! The row of a reward, as it is stored.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Value;
use sqlx::FromRow;
use uuid::Uuid;

use crate::rows::Table;

/// One reward.
#[derive(Debug, Clone, Serialize, FromRow)]
pub(super) struct Row {
    pub id: Uuid,
    pub user_id: Uuid,
    pub milestone_id: String,
    pub milestone_days: i32,
    pub journey_number: i32,
    pub cycle: i32,
    pub reward_type: String,
    pub reward_amount: Decimal,
    pub currency: String,
    pub policy_version: String,
    pub status: String,
    pub eligible_partners: Vec<String>,
    pub claim_only: Vec<String>,
    pub partner_used: Option<String>,
    pub distribution_details: Option<Value>,
    pub sealed: Option<Value>,
    pub voucher_id: Option<String>,
    pub credit_id: Option<String>,
    pub message: Option<String>,
    pub error_message: Option<String>,
    pub issued_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub last_position: i64,
}

pub(super) const TABLE: Table = Table {
    name: "rewards",
    key: "id",
    columns: &[
        "id",
        "user_id",
        "milestone_id",
        "milestone_days",
        "journey_number",
        "cycle",
        "reward_type",
        "reward_amount",
        "currency",
        "policy_version",
        "status",
        "eligible_partners",
        "claim_only",
        "partner_used",
        "distribution_details",
        "sealed",
        "voucher_id",
        "credit_id",
        "message",
        "error_message",
        "issued_at",
        "created_at",
        "updated_at",
        "last_position",
    ],
};
