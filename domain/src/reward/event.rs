//! What happened to a reward, from the milestone to the last cent. Here: reaching it, choosing
//! where it comes from, and how it may end without value; `event_issuing` has the attempts and what
//! they gave, `event_using` what the member did with it. The stream's id is
//! [`crate::ids::RewardId::of`] the member, milestone and cycle; `MilestoneReached` is always
//! first.
//!
//! Every event names the member and, where one is involved, the partner, and every movement of
//! value its amount, currency, reward type and funding model: a reader needs nothing else (decision
//! "data files speak through events").

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

pub use super::event_issuing::*;
pub use super::event_using::*;
use super::late::{LateIssueLost, LateIssueRecalled, RecallOutcomeUnknown, RecallRequested};
use super::support::{
    AttestationBegun, RewardResumed, VoidOutcomeUnknown, VoidRefused, VoidRequested,
};
use crate::ids::{AccountId, MemberId, MilestoneId, PartnerId, PolicyVersion};
use crate::money::{Amount, Currency};
use crate::partner::ProductRules;

/// What kind of help a milestone gives (M3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RewardType {
    /// A voucher for groceries.
    GroceryVoucher,
    /// A credit on an energy or phone bill.
    UtilityCredit,
    /// A credit on a transport card, or a fuel voucher.
    TransportCredit,
    /// What the member chooses.
    ChoiceReward,
}

/// Who pays the partner, and when (A1). Fixed when the value is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FundingModel {
    /// From a float at the partner, when issued.
    Prepaid,
    /// What is spent, when it is spent.
    PayOnRedemption,
    /// By the partner itself.
    PartnerFunded,
}

impl FundingModel {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Prepaid, Self::PayOnRedemption, Self::PartnerFunded];

    /// The word that is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prepaid => "prepaid",
            Self::PayOnRedemption => "pay_on_redemption",
            Self::PartnerFunded => "partner_funded",
        }
    }
}

/// What a partner is asked to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueKind {
    /// A code that is spent at a till.
    Voucher,
    /// Money on an account or card.
    Credit,
}

/// Why this partner was chosen: a change of partner cites its evidence (D4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "because", rename_all = "snake_case")]
pub enum ChosenBecause {
    /// First of the policy's order that is available (M3).
    FirstAvailable,
    /// The member's own choice (R3).
    Claimed,
    /// The attempt before ended in a definite no.
    AfterRefusal {
        /// The attempt that was refused.
        attempt: u32,
    },
    /// Support sent it there (R6).
    Redirected {
        /// The attempt after which it goes elsewhere; 0 when there had been none.
        #[serde(default)]
        attempt: u32,
    },
}

/// A member has reached a milestone: the reward exists from here on, once for ever (R2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MilestoneReached {
    /// Whose.
    pub member_id: MemberId,
    /// Which milestone of the policy.
    pub milestone: MilestoneId,
    /// After how many clean days it comes.
    pub milestone_days: u32,
    /// The journey in which it was reached.
    pub journey_number: u32,
    /// 1 when the policy says once per member, else the journey's number.
    pub cycle: u32,
    /// The local day on which it was reached.
    pub reached_on: NaiveDate,
    /// The policy in force on that day.
    pub policy_version: PolicyVersion,
    /// What kind of help.
    pub reward_type: RewardType,
    /// How much.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// Partners that may give it, in the policy's order.
    pub eligible_partners: Vec<PartnerId>,
    /// Those of them that are never chosen by themselves, only by the member.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claim_only: Vec<PartnerId>,
    /// Which products it may be given as.
    #[serde(default, skip_serializing_if = "ProductRules::is_empty")]
    pub product_rules: ProductRules,
    /// When it was found.
    pub occurred_at: DateTime<Utc>,
}

/// The partner that is to give the value was chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartnerChosen {
    /// Whose.
    pub member_id: MemberId,
    /// Where.
    pub partner_id: PartnerId,
    /// Which of the partner's products.
    pub product: String,
    /// Voucher or credit.
    pub kind: ValueKind,
    /// The account a credit goes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    /// Why this one.
    #[serde(flatten)]
    pub reason: ChosenBecause,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// A credit waits until the member has linked an account with one of these (R4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountAwaited {
    /// Whose.
    pub member_id: MemberId,
    /// Where an account would do.
    pub partners: Vec<PartnerId>,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// A second proof of the member is asked for before a high-value claim (F4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VerificationRequested {
    /// Whose.
    pub member_id: MemberId,
    /// The claim that waits for it.
    pub partner_id: PartnerId,
    /// Which of the partner's products.
    pub product: String,
    /// Until when the proof may come.
    pub expires_at: DateTime<Utc>,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// The second proof came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VerificationPassed {
    /// Whose.
    pub member_id: MemberId,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// Held back until a person has looked at it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RewardHeld {
    /// Whose.
    pub member_id: MemberId,
    /// A code, such as `days_before_report`.
    pub why: String,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// Looked at, and free to go on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RewardReleased {
    /// Whose.
    pub member_id: MemberId,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// What the member had chosen cannot be had, and nothing was ordered: they choose again (R3).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChoiceReopened {
    /// Whose.
    pub member_id: MemberId,
    /// Who had been chosen.
    pub partner_id: PartnerId,
    /// A code, such as `partner_not_active`.
    pub why: String,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// Nobody could give it; support is told (D3). The amount stays committed to the member.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RewardFailed {
    /// Whose.
    pub member_id: MemberId,
    /// A code, such as `refused_three_times` or `no_partner_left`.
    pub why: String,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// Taken off the books by support, with a reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RewardCancelled {
    /// Whose.
    pub member_id: MemberId,
    /// A code.
    pub why: String,
    /// What kind of help.
    pub reward_type: RewardType,
    /// How much is no longer committed.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

crate::event::events! {
    /// Events of a reward.
    RewardEvent of "reward" {
        MilestoneReached "1.0",
        PartnerChosen "1.0",
        AccountAwaited "1.0",
        VerificationRequested "1.0",
        VerificationPassed "1.0",
        RewardHeld "1.0",
        RewardReleased "1.0",
        ChoiceReopened "1.0",
        IssuanceRequested "1.0",
        IssuanceRefused "1.0",
        IssuanceDeferred "1.0",
        IssuanceOutcomeUnknown "1.0",
        IssuanceNotFound "1.0",
        IssuanceRepeated "1.0",
        VoucherIssued "1.0",
        CreditApplied "1.0",
        CreditProgressed "1.0",
        CreditSettled "1.0",
        CreditReturned "1.0",
        VoucherRevealed "1.0",
        VoucherRedeemed "1.0",
        RedemptionReversed "1.0",
        VoucherExpired "1.0",
        ExpiryUndone "1.0",
        VoucherVoided "1.0",
        OutcomeAttested "1.0",
        LateIssueFound "1.0",
        RecallRequested "1.0",
        RecallOutcomeUnknown "1.0",
        LateIssueRecalled "1.0",
        LateIssueLost "1.0",
        RewardFailed "1.0",
        RewardCancelled "1.0",
        RewardResumed "1.0",
        AttestationBegun "1.0",
        VoidRequested "1.0",
        VoidOutcomeUnknown "1.0",
        VoidRefused "1.0",
    }
}
