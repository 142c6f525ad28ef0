//! What happened while a partner was asked for value: intent, answers, and the value itself.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::event::{FundingModel, RewardType, ValueKind};
use crate::ids::{AccountId, MemberId, PartnerId};
use crate::money::{Amount, Currency};
use crate::sealed::{Sealed, VoucherBarcode, VoucherCode, VoucherPin};

/// The intent: durable before any byte leaves for the partner (D4, D6).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IssuanceRequested {
    /// Whose.
    pub member_id: MemberId,
    /// From 1; an attempt is requested once.
    pub attempt: u32,
    /// Which time this partner is asked anew, from 1; the key changes only with it.
    pub round: u32,
    /// Who is asked.
    pub partner_id: PartnerId,
    /// For which product.
    pub product: String,
    /// Voucher or credit.
    pub kind: ValueKind,
    /// The account a credit goes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    /// What kind of help.
    pub reward_type: RewardType,
    /// How much.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// Who pays.
    pub funding_model: FundingModel,
    /// Sent with every repeat of this attempt.
    pub idempotency_key: Uuid,
    /// Our opaque reference at this partner; says nothing of member or reward.
    pub reference: String,
    /// SHA-256 of the bytes that are sent, in hex: repeats send the same bytes.
    pub request_digest: String,
    /// No byte of a send leaves after this instant.
    pub deadline: DateTime<Utc>,
    /// From then on the outcome is asked for, if none is recorded.
    pub resolve_at: DateTime<Utc>,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// A definite no: nothing was issued under this attempt's key, and nothing will be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IssuanceRefused {
    /// Whose.
    pub member_id: MemberId,
    /// Which attempt.
    pub attempt: u32,
    /// Who refused.
    pub partner_id: PartnerId,
    /// The partner's documented code, or `unreachable` when nothing ever arrived there.
    pub code: String,
    /// Whether the same partner may be asked again.
    pub temporary: bool,
    /// Whether it counts as one of the three tries; a call that was never sent does not (D3).
    pub counts_as_try: bool,
    /// What kind of help.
    pub reward_type: RewardType,
    /// What the attempt was for.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// Surely not processed; the same key is sent again later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IssuanceDeferred {
    /// Whose.
    pub member_id: MemberId,
    /// Which attempt.
    pub attempt: u32,
    /// Who could not be reached, or was busy.
    pub partner_id: PartnerId,
    /// A code, such as `connect_failed` or `rate_limited`.
    pub why: String,
    /// How often this attempt has been put off, from 1.
    pub deferrals: u32,
    /// When it is sent again.
    pub retry_at: DateTime<Utc>,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// No answer is not a no: the value may exist, and no other partner is asked (D4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IssuanceOutcomeUnknown {
    /// Whose.
    pub member_id: MemberId,
    /// Which attempt.
    pub attempt: u32,
    /// Who did not answer.
    pub partner_id: PartnerId,
    /// A code, such as `timed_out` or `unreadable_answer`.
    pub why: String,
    /// How often this attempt was looked into and stayed unknown, from 1.
    pub looks: u32,
    /// When the partner is asked about it.
    pub resolve_at: DateTime<Utc>,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// The partner, asked by our reference, knows of nothing. By itself not yet a no.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IssuanceNotFound {
    /// Whose.
    pub member_id: MemberId,
    /// Which attempt.
    pub attempt: u32,
    /// Who was asked.
    pub partner_id: PartnerId,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// The same bytes are about to leave once more, under the same key: whoever finds this without an
/// answer knows that some of them may have arrived.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IssuanceRepeated {
    /// Whose.
    pub member_id: MemberId,
    /// Which attempt.
    pub attempt: u32,
    /// Where.
    pub partner_id: PartnerId,
    /// From when it is looked into, when nothing has been recorded by then.
    pub resolve_at: DateTime<Utc>,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// A voucher exists; its secrets are sealed under the member's key (R5).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VoucherIssued {
    /// Whose.
    pub member_id: MemberId,
    /// Which attempt it answers.
    pub attempt: u32,
    /// Who issued it.
    pub partner_id: PartnerId,
    /// The partner's own id of it (the seed's `voucherId`).
    pub voucher_id: String,
    /// Our reference at the partner.
    pub reference: String,
    /// For which product.
    pub product: String,
    /// What kind of help.
    pub reward_type: RewardType,
    /// Its face value.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// Who pays.
    pub funding_model: FundingModel,
    /// What is spent at the till.
    pub code: Sealed<VoucherCode>,
    /// What may be shown of it: its last four characters.
    pub code_masked: String,
    /// Keyed hash of the code: the same code twice is noticed without reading either.
    pub code_tag: String,
    /// The PIN, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<Sealed<VoucherPin>>,
    /// What the scanner reads, where it is not the code itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub barcode: Option<Sealed<VoucherBarcode>>,
    /// The last local day on which it can be spent; good through the whole of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_on: Option<NaiveDate>,
    /// When that day is over where the partner is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
    /// SHA-256 of the partner's answer, in hex.
    pub response_digest: String,
    /// When the partner issued it.
    pub occurred_at: DateTime<Utc>,
}

/// The partner accepted a credit order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CreditApplied {
    /// Whose.
    pub member_id: MemberId,
    /// Which attempt it answers.
    pub attempt: u32,
    /// Who accepted it.
    pub partner_id: PartnerId,
    /// The partner's own id of it.
    pub credit_id: String,
    /// Our reference at the partner.
    pub reference: String,
    /// The account it goes to.
    pub account_id: AccountId,
    /// Its number, masked.
    pub account_masked: String,
    /// What kind of help.
    pub reward_type: RewardType,
    /// How much.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// Who pays.
    pub funding_model: FundingModel,
    /// SHA-256 of the partner's answer, in hex.
    pub response_digest: String,
    /// When the partner accepted it.
    pub occurred_at: DateTime<Utc>,
}

/// Two named people settled an unknown outcome by evidence (D4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutcomeAttested {
    /// Whose.
    pub member_id: MemberId,
    /// Which attempt.
    pub attempt: u32,
    /// Whose answer never came.
    pub partner_id: PartnerId,
    /// Whether value was issued; if so the voucher or credit follows as its own event.
    pub issued: bool,
    /// The partner's id of what was issued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner_ref: Option<String>,
    /// Who attested.
    pub first_person: Uuid,
    /// Who attested too.
    pub second_person: Uuid,
    /// Where the evidence can be found: a document reference.
    pub evidence: String,
    /// What kind of help.
    pub reward_type: RewardType,
    /// What the attempt was for.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// Value surfaced for an attempt that had been settled otherwise: a case for people (D4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LateIssueFound {
    /// Whose.
    pub member_id: MemberId,
    /// Which attempt.
    pub attempt: u32,
    /// Who issued it.
    pub partner_id: PartnerId,
    /// The partner's id of the voucher or credit.
    pub partner_ref: String,
    /// What kind of help.
    pub reward_type: RewardType,
    /// Its value.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// Who pays.
    pub funding_model: FundingModel,
    /// When.
    pub occurred_at: DateTime<Utc>,
}
