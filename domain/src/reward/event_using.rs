//! What happened to the value after it was issued: settled, seen, spent, expired, voided.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::event::{FundingModel, RewardType};
use crate::ids::{MemberId, PartnerId};
use crate::money::{Amount, Currency};

/// How far a credit has come at the partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CreditState {
    /// The partner took it.
    Accepted,
    /// It stands on the account, on no bill yet.
    PostedToAccount,
    /// It waits until the card is shown to a reader.
    AwaitingTap,
    /// It waited too long and sleeps; showing the card wakes it.
    Dormant,
    /// It stands on a bill.
    OnBill,
    /// It is on the card.
    Loaded,
}

impl CreditState {
    /// Whether it can go no further.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::OnBill | Self::Loaded)
    }
}

/// The credit has come further, and is not there yet. No money moves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CreditProgressed {
    /// Whose.
    pub member_id: MemberId,
    /// Where.
    pub partner_id: PartnerId,
    /// The partner's id of the credit.
    pub credit_id: String,
    /// How far.
    pub state: CreditState,
    /// When, by the partner's word.
    pub occurred_at: DateTime<Utc>,
}

/// The credit has arrived: on the bill, loaded on the card, or in the partner's statement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CreditSettled {
    /// Whose.
    pub member_id: MemberId,
    /// Where.
    pub partner_id: PartnerId,
    /// The partner's id of the credit.
    pub credit_id: String,
    /// What kind of help.
    pub reward_type: RewardType,
    /// How much.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// Who pays.
    pub funding_model: FundingModel,
    /// Where it stands now, where the partner says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<CreditState>,
    /// When it arrived, by the partner's word.
    pub occurred_at: DateTime<Utc>,
}

/// The credit came back: account closed, or the time to collect it was missed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CreditReturned {
    /// Whose.
    pub member_id: MemberId,
    /// From where.
    pub partner_id: PartnerId,
    /// The partner's id of the credit.
    pub credit_id: String,
    /// A code, such as `account_closed`.
    pub why: String,
    /// What kind of help.
    pub reward_type: RewardType,
    /// How much came back.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// Who pays.
    pub funding_model: FundingModel,
    /// Whether it had been told as arrived before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub was_settled: bool,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// The member looked at the voucher's code (R5). Every look is on record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VoucherRevealed {
    /// Whose.
    pub member_id: MemberId,
    /// Whose voucher it is.
    pub partner_id: PartnerId,
    /// The voucher.
    pub voucher_id: String,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// Value was spent at a till, in part or in full.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VoucherRedeemed {
    /// Whose.
    pub member_id: MemberId,
    /// Where.
    pub partner_id: PartnerId,
    /// The voucher.
    pub voucher_id: String,
    /// The partner's id of this redemption; a second report of it changes nothing.
    pub redemption_id: String,
    /// What kind of help.
    pub reward_type: RewardType,
    /// What was spent this time.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// What is left on the voucher.
    pub remaining: Amount,
    /// Who pays.
    pub funding_model: FundingModel,
    /// When it was spent, by the partner's word.
    pub occurred_at: DateTime<Utc>,
}

/// A redemption was undone at the till; the value is back on the voucher.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RedemptionReversed {
    /// Whose.
    pub member_id: MemberId,
    /// Where.
    pub partner_id: PartnerId,
    /// The voucher.
    pub voucher_id: String,
    /// The redemption that is undone.
    pub redemption_id: String,
    /// What kind of help.
    pub reward_type: RewardType,
    /// What came back.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// What is on the voucher again.
    pub remaining: Amount,
    /// Who pays.
    pub funding_model: FundingModel,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// The voucher's last day is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VoucherExpired {
    /// Whose.
    pub member_id: MemberId,
    /// Whose voucher it is.
    pub partner_id: PartnerId,
    /// The voucher.
    pub voucher_id: String,
    /// What kind of help.
    pub reward_type: RewardType,
    /// What nobody spent.
    pub unspent: Amount,
    /// Of what.
    pub currency: Currency,
    /// Who pays.
    pub funding_model: FundingModel,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// The voucher had been booked as expired, and a partner reports later what had happened before
/// that: what was booked is taken back, and the events after this one say what holds instead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExpiryUndone {
    /// Whose.
    pub member_id: MemberId,
    /// Where.
    pub partner_id: PartnerId,
    /// The partner's id of the voucher.
    pub voucher_id: String,
    /// What kind of help.
    pub reward_type: RewardType,
    /// What had been booked as expired, and is left on the voucher again.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// Who pays, and when.
    pub funding_model: FundingModel,
    /// When it was found.
    pub occurred_at: DateTime<Utc>,
}

/// The partner confirmed that what was left on the voucher can no longer be spent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VoucherVoided {
    /// Whose.
    pub member_id: MemberId,
    /// Whose voucher it is.
    pub partner_id: PartnerId,
    /// The voucher.
    pub voucher_id: String,
    /// What kind of help.
    pub reward_type: RewardType,
    /// What was taken off it.
    pub unspent: Amount,
    /// Of what.
    pub currency: Currency,
    /// Who pays.
    pub funding_model: FundingModel,
    /// When.
    pub occurred_at: DateTime<Utc>,
}
