//! What does a member see of a reward?
//!
//! The fields are those that the mobile app knows, some in camel case and some in snake case;
//! amounts are JSON numbers written from the decimal's own digits, with the currency beside them.
//!
//! Rows: Q2, R5.

use chrono::{DateTime, Utc};
use projections::rewards::query::{RewardRow, plain_number};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::{Object, ObjectBuilder, Type};
use uuid::Uuid;

/// A reward.
#[derive(Debug, Serialize, ToSchema)]
pub struct RewardBody {
    /// Which.
    id: Uuid,
    /// The policy's milestone, such as `month_1`.
    milestone_id: String,
    /// Where it stands, such as `awaiting_choice`, `processing`, `issued` or `redeemed`.
    status: String,
    /// What kind of help.
    reward_type: String,
    /// How much.
    #[serde(serialize_with = "plain_number")]
    #[schema(schema_with = number)]
    reward_amount: Decimal,
    /// Of what.
    currency: String,
    /// Where it comes from.
    partner_used: Option<String>,
    /// Where it may come from.
    eligible_partners: Vec<String>,
    /// What was given; a voucher's code is masked.
    #[schema(value_type = Option<Object>)]
    distribution_details: Option<Value>,
    /// One sentence for the member.
    message: Option<String>,
    /// When it was issued.
    issued_at: Option<DateTime<Utc>>,
    /// When it was reached.
    created_at: DateTime<Utc>,
}

/// A JSON number, for the API document.
pub(super) fn number() -> Object {
    ObjectBuilder::new().schema_type(Type::Number).build()
}

impl From<RewardRow> for RewardBody {
    fn from(row: RewardRow) -> Self {
        Self {
            id: row.id,
            milestone_id: row.milestone_id,
            status: row.status,
            reward_type: row.reward_type,
            reward_amount: row.reward_amount,
            currency: row.currency,
            partner_used: row.partner_used,
            eligible_partners: row.eligible_partners,
            distribution_details: row.distribution_details,
            message: row.message,
            issued_at: row.issued_at,
            created_at: row.created_at,
        }
    }
}
