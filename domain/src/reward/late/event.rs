//! What happened to value that surfaced late. That it did is `LateIssueFound`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ids::{MemberId, PartnerId};
use crate::money::{Amount, Currency};
use crate::reward::event::{FundingModel, RewardType};

/// The intent to have a late value taken back: durable before the partner is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecallRequested {
    /// Whose.
    pub member_id: MemberId,
    /// The attempt that had been settled otherwise.
    pub attempt: u32,
    /// Who is asked.
    pub partner_id: PartnerId,
    /// The partner's id of the voucher or credit.
    pub partner_ref: String,
    /// Sent with every repeat of the question.
    pub idempotency_key: Uuid,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// The partner has not said whether the late value is taken back; it is asked again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecallOutcomeUnknown {
    /// Whose.
    pub member_id: MemberId,
    /// The attempt that had been settled otherwise.
    pub attempt: u32,
    /// Who did not say.
    pub partner_id: PartnerId,
    /// The partner's id of the voucher or credit.
    pub partner_ref: String,
    /// A code, such as `timed_out` or `amount_differs`.
    pub why: String,
    /// How often it was asked, from 1.
    pub looks: u32,
    /// When it is asked again.
    pub resolve_at: DateTime<Utc>,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// The partner took back what was left of a late value: so much of the loss is none any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LateIssueRecalled {
    /// Whose.
    pub member_id: MemberId,
    /// The attempt that had been settled otherwise.
    pub attempt: u32,
    /// Who took it back.
    pub partner_id: PartnerId,
    /// The partner's id of the voucher or credit.
    pub partner_ref: String,
    /// What kind of help.
    pub reward_type: RewardType,
    /// How much was taken back.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// Who pays.
    pub funding_model: FundingModel,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// So much of a late value does not come back: it stays booked as a loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LateIssueLost {
    /// Whose.
    pub member_id: MemberId,
    /// The attempt that had been settled otherwise.
    pub attempt: u32,
    /// Who keeps it.
    pub partner_id: PartnerId,
    /// The partner's id of the voucher or credit.
    pub partner_ref: String,
    /// The partner's documented code, `not_offered` where nothing can be taken back, or `spent`.
    pub why: String,
    /// What kind of help.
    pub reward_type: RewardType,
    /// How much is lost.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// Who pays.
    pub funding_model: FundingModel,
    /// When.
    pub occurred_at: DateTime<Utc>,
}
