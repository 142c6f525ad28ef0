//! What happened because support did something. Who and why stand in the metadata of each.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ids::{MemberId, PartnerId};

/// Why a reward goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResumedBy {
    /// A no is not the last word.
    Retry,
    /// What there was has been taken back, or never came.
    Reissue,
}

/// The reward goes on: a partner is looked for again, and the tries count anew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RewardResumed {
    /// Whose.
    pub member_id: MemberId,
    /// The attempt after which it goes on; 0 when there had been none.
    pub attempt: u32,
    /// Why.
    pub resumed_by: ResumedBy,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// One person says how an unknown attempt ended; a second one has to say the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttestationBegun {
    /// Whose.
    pub member_id: MemberId,
    /// Which attempt.
    pub attempt: u32,
    /// Whose answer never came.
    pub partner_id: PartnerId,
    /// Whether value was issued, by this person's word.
    pub issued: bool,
    /// The partner's id of what was issued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner_ref: Option<String>,
    /// Who says so.
    pub first_person: Uuid,
    /// Until when a second person may say the same.
    pub expires_at: DateTime<Utc>,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// The intent to have a voucher taken back: durable before the partner is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VoidRequested {
    /// Whose.
    pub member_id: MemberId,
    /// The attempt that gave the voucher.
    pub attempt: u32,
    /// Whose voucher it is.
    pub partner_id: PartnerId,
    /// The voucher.
    pub voucher_id: String,
    /// Sent with every repeat of the question.
    pub idempotency_key: Uuid,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// The partner has not said whether the voucher is taken back; it is asked again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VoidOutcomeUnknown {
    /// Whose.
    pub member_id: MemberId,
    /// The attempt that gave the voucher.
    pub attempt: u32,
    /// Who did not say.
    pub partner_id: PartnerId,
    /// The voucher.
    pub voucher_id: String,
    /// A code, such as `timed_out` or `amount_differs`.
    pub why: String,
    /// How often it was asked, from 1.
    pub looks: u32,
    /// When it is asked again.
    pub resolve_at: DateTime<Utc>,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// The voucher was not taken back: it is still the member's, with what is left on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VoidRefused {
    /// Whose.
    pub member_id: MemberId,
    /// The attempt that gave the voucher.
    pub attempt: u32,
    /// Who said no.
    pub partner_id: PartnerId,
    /// The voucher.
    pub voucher_id: String,
    /// The partner's documented code, or `nothing_left` when all of it was spent meanwhile.
    pub code: String,
    /// When.
    pub occurred_at: DateTime<Utc>,
}
