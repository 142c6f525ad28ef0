//! What is known of a value that surfaced late?
//!
//! Rows: D4.

#![deny(clippy::wildcard_enum_match_arm)]

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ids::PartnerId;
use crate::money::Amount;
use crate::reward::{FundingModel, LateIssueFound, Reward, RewardEvent};

/// How a late value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LateState {
    /// Nobody has been asked to take it back.
    Found,
    /// The partner has not said whether it is taken back.
    Asked {
        /// The same for every repeat.
        idempotency_key: Uuid,
        /// When the partner is asked next.
        ask_at: DateTime<Utc>,
    },
    /// Taken back or lost, or both by parts.
    Settled,
}

/// A value that surfaced for an attempt that had been settled otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are those of `LateIssueFound`")]
pub struct LateValue {
    pub attempt: u32,
    pub partner_id: PartnerId,
    pub partner_ref: String,
    pub amount: Amount,
    pub funding_model: FundingModel,
    /// How often its recall was asked for without an answer.
    pub looks: u32,
    pub state: LateState,
}

impl Reward {
    /// The values that surfaced late, oldest first.
    #[must_use]
    pub fn late_values(&self) -> &[LateValue] {
        &self.late
    }

    pub(in crate::reward) fn evolve_late(&mut self, event: &RewardEvent) {
        match event {
            RewardEvent::LateIssueFound(e) => self.late.push(late(e)),
            RewardEvent::RecallRequested(e) => {
                let (idempotency_key, ask_at) = (e.idempotency_key, e.occurred_at);
                if let Some(late) = self.late_mut(e.attempt, &e.partner_ref) {
                    late.state = LateState::Asked { idempotency_key, ask_at };
                }
            }
            RewardEvent::RecallOutcomeUnknown(e) => {
                if let Some(late) = self.late_mut(e.attempt, &e.partner_ref) {
                    late.looks = e.looks;
                    if let LateState::Asked { ask_at, .. } = &mut late.state {
                        *ask_at = e.resolve_at;
                    }
                }
            }
            RewardEvent::LateIssueRecalled(e) => self.late_settled(e.attempt, &e.partner_ref),
            RewardEvent::LateIssueLost(e) => self.late_settled(e.attempt, &e.partner_ref),
            RewardEvent::MilestoneReached(_)
            | RewardEvent::PartnerChosen(_)
            | RewardEvent::AccountAwaited(_)
            | RewardEvent::VerificationRequested(_)
            | RewardEvent::VerificationPassed(_)
            | RewardEvent::RewardHeld(_)
            | RewardEvent::RewardReleased(_)
            | RewardEvent::ChoiceReopened(_)
            | RewardEvent::IssuanceRequested(_)
            | RewardEvent::IssuanceRefused(_)
            | RewardEvent::IssuanceDeferred(_)
            | RewardEvent::IssuanceOutcomeUnknown(_)
            | RewardEvent::IssuanceNotFound(_)
            | RewardEvent::IssuanceRepeated(_)
            | RewardEvent::VoucherIssued(_)
            | RewardEvent::CreditApplied(_)
            | RewardEvent::CreditProgressed(_)
            | RewardEvent::CreditSettled(_)
            | RewardEvent::CreditReturned(_)
            | RewardEvent::VoucherRevealed(_)
            | RewardEvent::VoucherRedeemed(_)
            | RewardEvent::RedemptionReversed(_)
            | RewardEvent::VoucherExpired(_)
            | RewardEvent::ExpiryUndone(_)
            | RewardEvent::VoucherVoided(_)
            | RewardEvent::OutcomeAttested(_)
            | RewardEvent::RewardFailed(_)
            | RewardEvent::RewardCancelled(_)
            | RewardEvent::RewardResumed(_)
            | RewardEvent::AttestationBegun(_)
            | RewardEvent::VoidRequested(_)
            | RewardEvent::VoidOutcomeUnknown(_)
            | RewardEvent::VoidRefused(_) => {}
        }
    }

    fn late_mut(&mut self, attempt: u32, partner_ref: &str) -> Option<&mut LateValue> {
        let mut all = self.late.iter_mut();
        all.find(|late| late.attempt == attempt && late.partner_ref == partner_ref)
    }

    fn late_settled(&mut self, attempt: u32, partner_ref: &str) {
        if let Some(late) = self.late_mut(attempt, partner_ref) {
            late.state = LateState::Settled;
        }
    }
}

fn late(e: &LateIssueFound) -> LateValue {
    LateValue {
        attempt: e.attempt,
        partner_id: e.partner_id.clone(),
        partner_ref: e.partner_ref.clone(),
        amount: e.amount,
        funding_model: e.funding_model,
        looks: 0,
        state: LateState::Found,
    }
}
