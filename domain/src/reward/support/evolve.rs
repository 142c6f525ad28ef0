//! What do support's actions and a void's answers change?
//!
//! Rows: R6.

#![deny(clippy::wildcard_enum_match_arm)]

use chrono::{DateTime, Utc};

use super::action::{ActResult, SupportAct, SupportAction};
use super::event::ResumedBy;
use super::void::OpenVoid;
use crate::reward::{ChosenBecause, Reward, RewardEvent};

impl Reward {
    pub(in crate::reward) fn evolve_support(&mut self, event: &RewardEvent) {
        match event {
            RewardEvent::RewardResumed(e) => {
                self.chosen = None;
                self.forgiven = self.refusals.len();
                let action = match e.resumed_by {
                    ResumedBy::Retry => SupportAction::Retry,
                    ResumedBy::Reissue => SupportAction::Reissue,
                };
                self.acted(action, e.attempt, ActResult::GoesOn, e.occurred_at);
            }
            RewardEvent::PartnerChosen(e) => {
                if let ChosenBecause::Redirected { attempt } = e.reason {
                    self.forgiven = self.refusals.len();
                    let result = ActResult::Redirected;
                    self.acted(SupportAction::Redirect, attempt, result, e.occurred_at);
                }
            }
            RewardEvent::RewardCancelled(e) => {
                let attempt = self.last_attempt();
                self.acted(SupportAction::Cancel, attempt, ActResult::Cancelled, e.occurred_at);
            }
            RewardEvent::OutcomeAttested(e) => {
                let result = if e.issued {
                    ActResult::AttestedIssued
                } else {
                    ActResult::AttestedNotIssued
                };
                self.acted(SupportAction::Resolve, e.attempt, result, e.occurred_at);
            }
            RewardEvent::VoidRequested(e) => {
                self.void = Some(OpenVoid {
                    attempt: e.attempt,
                    partner_id: e.partner_id.clone(),
                    voucher_id: e.voucher_id.clone(),
                    idempotency_key: e.idempotency_key,
                    looks: 0,
                    ask_at: e.occurred_at,
                });
                self.acted(SupportAction::Void, e.attempt, ActResult::Asked, e.occurred_at);
            }
            RewardEvent::VoidOutcomeUnknown(e) => self.void.iter_mut().for_each(|void| {
                void.looks = e.looks;
                void.ask_at = e.resolve_at;
            }),
            RewardEvent::VoidRefused(_) => self.void_ended(ActResult::Refused),
            RewardEvent::VoucherVoided(_) => self.void_ended(ActResult::Voided),
            RewardEvent::MilestoneReached(_)
            | RewardEvent::AccountAwaited(_)
            | RewardEvent::VerificationRequested(_)
            | RewardEvent::VerificationPassed(_)
            | RewardEvent::RewardHeld(_)
            | RewardEvent::RewardReleased(_)
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
            | RewardEvent::AttestationBegun(_)
            | RewardEvent::LateIssueFound(_)
            | RewardEvent::RewardFailed(_) => {}
        }
    }

    fn acted(
        &mut self,
        action: SupportAction,
        attempt: u32,
        result: ActResult,
        at: DateTime<Utc>,
    ) {
        self.acts.push(SupportAct { action, attempt, at, result });
    }

    fn void_ended(&mut self, result: ActResult) {
        self.void = None;
        let voids = self.acts.iter_mut().filter(|act| act.action == SupportAction::Void);
        if let Some(void) = voids.last() {
            void.result = result;
        }
    }
}
