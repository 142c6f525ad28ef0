//! In which states can a reward be, and what may follow what?
//!
//! Rows: R1.

use serde::{Deserialize, Serialize};

use super::event::{RewardEvent, RewardType};
use crate::money::Amount;

/// What people are told of a reward.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RewardStatus {
    /// Reached; a partner is being looked for.
    #[default]
    Pending,
    /// The member chooses.
    AwaitingChoice,
    /// The member links an account.
    AwaitingAccount,
    /// The member shows a second proof.
    AwaitingVerification,
    /// A person looks at it first.
    OnReview,
    /// Ordered, put off, or of unknown outcome.
    Processing,
    /// The member has it.
    Issued,
    /// Some of it is spent.
    PartlyRedeemed,
    /// All of it is spent, or the credit has arrived.
    Redeemed,
    /// Its last day is over.
    Expired,
    /// Nobody could give it; support knows.
    Failed,
    /// Taken off the books.
    Cancelled,
}

impl RewardStatus {
    /// Every status.
    pub const ALL: [Self; 12] = [
        Self::Pending,
        Self::AwaitingChoice,
        Self::AwaitingAccount,
        Self::AwaitingVerification,
        Self::OnReview,
        Self::Processing,
        Self::Issued,
        Self::PartlyRedeemed,
        Self::Redeemed,
        Self::Expired,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The word that is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::AwaitingChoice => "awaiting_choice",
            Self::AwaitingAccount => "awaiting_account",
            Self::AwaitingVerification => "awaiting_verification",
            Self::OnReview => "on_review",
            Self::Processing => "processing",
            Self::Issued => "issued",
            Self::PartlyRedeemed => "partly_redeemed",
            Self::Redeemed => "redeemed",
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// What may come next, besides staying.
    #[must_use]
    pub fn may_become(self) -> &'static [Self] {
        use RewardStatus as S;
        match self {
            S::Pending => {
                &[S::AwaitingAccount, S::OnReview, S::Processing, S::Failed, S::Cancelled]
            }
            S::AwaitingChoice => {
                &[S::AwaitingVerification, S::OnReview, S::Processing, S::Cancelled]
            }
            S::AwaitingAccount => &[S::OnReview, S::Processing, S::Failed, S::Cancelled],
            S::AwaitingVerification => {
                &[S::AwaitingChoice, S::OnReview, S::Processing, S::Cancelled]
            }
            S::OnReview => {
                &[S::Pending, S::AwaitingChoice, S::AwaitingAccount, S::Processing, S::Cancelled]
            }
            S::Processing => &[
                S::Pending,
                S::AwaitingChoice,
                S::AwaitingAccount,
                S::Issued,
                S::Failed,
                S::Cancelled,
            ],
            S::Issued => {
                &[S::PartlyRedeemed, S::Redeemed, S::Expired, S::AwaitingAccount, S::OnReview]
            }
            S::PartlyRedeemed => &[S::Issued, S::Redeemed, S::Expired, S::OnReview],
            S::Redeemed => &[S::Issued, S::PartlyRedeemed, S::Expired, S::AwaitingAccount],
            S::Failed => &[S::Pending, S::AwaitingChoice, S::Processing, S::Cancelled],
            S::Expired => &[S::Redeemed],
            S::Cancelled => &[],
        }
    }

    /// The status after an event of a reward of this kind and face value.
    ///
    /// The one place that says so: the aggregate and the read model both ask here.
    #[must_use]
    pub fn after(self, event: &RewardEvent, reward_type: RewardType, face: Amount) -> Self {
        let waiting = match reward_type {
            RewardType::ChoiceReward => Self::AwaitingChoice,
            RewardType::GroceryVoucher
            | RewardType::UtilityCredit
            | RewardType::TransportCredit => Self::Pending,
        };
        match event {
            RewardEvent::MilestoneReached(_)
            | RewardEvent::RewardReleased(_)
            | RewardEvent::RewardResumed(_)
            | RewardEvent::ChoiceReopened(_)
            | RewardEvent::VerificationPassed(_)
            | RewardEvent::IssuanceRefused(_) => waiting,
            RewardEvent::PartnerChosen(_)
            | RewardEvent::IssuanceRequested(_)
            | RewardEvent::IssuanceDeferred(_)
            | RewardEvent::IssuanceOutcomeUnknown(_)
            | RewardEvent::IssuanceNotFound(_)
            | RewardEvent::IssuanceRepeated(_) => Self::Processing,
            RewardEvent::AccountAwaited(_) | RewardEvent::CreditReturned(_) => {
                Self::AwaitingAccount
            }
            RewardEvent::VerificationRequested(_) => Self::AwaitingVerification,
            RewardEvent::RewardHeld(_) | RewardEvent::VoucherVoided(_) => Self::OnReview,
            RewardEvent::VoucherIssued(_) | RewardEvent::CreditApplied(_) => Self::Issued,
            RewardEvent::CreditSettled(_) => Self::Redeemed,
            RewardEvent::VoucherRedeemed(e) if e.remaining.is_zero() => Self::Redeemed,
            RewardEvent::VoucherRedeemed(_) => Self::PartlyRedeemed,
            RewardEvent::RedemptionReversed(e) if e.remaining == face => Self::Issued,
            RewardEvent::RedemptionReversed(_) => Self::PartlyRedeemed,
            // Spent stays spent when its last day is over.
            RewardEvent::VoucherExpired(e) if e.unspent.is_zero() => Self::Redeemed,
            RewardEvent::ExpiryUndone(e) if e.amount.is_zero() => Self::Redeemed,
            RewardEvent::VoucherExpired(_) => Self::Expired,
            RewardEvent::ExpiryUndone(e) if e.amount == face => Self::Issued,
            RewardEvent::ExpiryUndone(_) => Self::PartlyRedeemed,
            RewardEvent::OutcomeAttested(e) => {
                if e.issued {
                    self
                } else {
                    waiting
                }
            }
            RewardEvent::RewardFailed(_) => Self::Failed,
            RewardEvent::RewardCancelled(_) => Self::Cancelled,
            RewardEvent::VoucherRevealed(_)
            | RewardEvent::CreditProgressed(_)
            | RewardEvent::LateIssueFound(_)
            | RewardEvent::RecallRequested(_)
            | RewardEvent::RecallOutcomeUnknown(_)
            | RewardEvent::LateIssueRecalled(_)
            | RewardEvent::LateIssueLost(_)
            | RewardEvent::AttestationBegun(_)
            | RewardEvent::VoidRequested(_)
            | RewardEvent::VoidOutcomeUnknown(_)
            | RewardEvent::VoidRefused(_) => self,
        }
    }
}

impl std::fmt::Display for RewardStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for RewardStatus {
    type Err = UnknownStatus;
    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or(UnknownStatus)
    }
}

/// Text that is no reward status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a reward status")]
pub struct UnknownStatus;
