//! What do support's actions and a void's answers change?
//!
//! Rows: R6.

#![deny(clippy::wildcard_enum_match_arm)]

use chrono::{DateTime, Utc};

use super::action::{ActResult, SupportAct, SupportAction};
use super::event::{ResumedBy, VoidRequested};
use super::void::OpenVoid;
use crate::reward::{
    AttemptState, ChosenBecause, OutcomeAttested, Reward, RewardEvent, VoucherVoided,
};

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
            RewardEvent::RewardHeld(_) => self.held_after = Some(self.acts.len()),
            RewardEvent::RewardReleased(e) => {
                self.held_after = None;
                let attempt = self.last_attempt();
                self.acted(SupportAction::Retry, attempt, ActResult::GoesOn, e.occurred_at);
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
            RewardEvent::AttestationBegun(e) => {
                if let Some(attempt) = self.attempt_mut(e.attempt) {
                    attempt.statement = Some(e.clone());
                }
            }
            RewardEvent::OutcomeAttested(e) => self.attested(e),
            RewardEvent::VoidRequested(e) => {
                self.void = Some(open_void(e));
                self.acted(SupportAction::Void, e.attempt, ActResult::Asked, e.occurred_at);
            }
            RewardEvent::VoidOutcomeUnknown(e) => self.void.iter_mut().for_each(|void| {
                void.looks = e.looks;
                void.ask_at = e.resolve_at;
            }),
            RewardEvent::VoidRefused(_) => self.void_ended(ActResult::Refused),
            RewardEvent::VoucherVoided(e) => self.taken_back(e),
            RewardEvent::MilestoneReached(_)
            | RewardEvent::AccountAwaited(_)
            | RewardEvent::VerificationRequested(_)
            | RewardEvent::VerificationPassed(_)
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
            | RewardEvent::ChoiceReopened(_)
            | RewardEvent::LateIssueFound(_)
            | RewardEvent::RecallRequested(_)
            | RewardEvent::RecallOutcomeUnknown(_)
            | RewardEvent::LateIssueRecalled(_)
            | RewardEvent::LateIssueLost(_)
            | RewardEvent::RewardFailed(_) => {}
        }
    }

    fn attested(&mut self, e: &OutcomeAttested) {
        let result = if e.issued {
            ActResult::AttestedIssued
        } else {
            self.chosen = None;
            self.move_attempt(e.attempt, AttemptState::AttestedNotIssued);
            ActResult::AttestedNotIssued
        };
        if let Some(attempt) = self.attempt_mut(e.attempt) {
            attempt.statement = None;
            attempt.attested_issued = e.partner_ref.clone();
        }
        self.acted(SupportAction::Resolve, e.attempt, result, e.occurred_at);
    }

    fn taken_back(&mut self, e: &VoucherVoided) {
        self.empty_voucher();
        self.voucher.iter_mut().for_each(|voucher| voucher.is_voided = true);
        self.chosen = None;
        self.given_back = Some(e.unspent);
        self.void_ended(ActResult::Voided);
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

fn open_void(e: &VoidRequested) -> OpenVoid {
    OpenVoid {
        attempt: e.attempt,
        partner_id: e.partner_id.clone(),
        voucher_id: e.voucher_id.clone(),
        idempotency_key: e.idempotency_key,
        looks: 0,
        ask_at: e.occurred_at,
    }
}
