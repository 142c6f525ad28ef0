//! What does an event change?
//!
//! Rows: R1, R5.

#![deny(clippy::wildcard_enum_match_arm)]

use super::aggregate::{GivenValue, Redemption};
use super::{
    Attempt, AttemptState, Chosen, CreditApplied, CreditReturned, CreditState, IssuanceRefused,
    IssuanceRequested, IssuedCredit, IssuedVoucher, Refusal, Reward, RewardEvent, VoucherIssued,
};
use crate::ids::PartnerId;
use crate::money::Amount;

impl Reward {
    /// The state after an event.
    pub fn evolve(&mut self, event: &RewardEvent) {
        if let RewardEvent::MilestoneReached(e) = event {
            self.reached = Some(e.clone());
        }
        let Some(reached) = &self.reached else { return };
        let face = self.voucher.as_ref().map_or(reached.amount, |voucher| voucher.amount);
        self.status = self.status.after(event, reached.reward_type, face);
        self.evolve_asking(event);
        self.evolve_having(event);
        self.evolve_late(event);
        self.evolve_support(event);
    }

    /// Choosing, asking, and what was answered.
    fn evolve_asking(&mut self, event: &RewardEvent) {
        match event {
            RewardEvent::AccountAwaited(_) | RewardEvent::ChoiceReopened(_) => self.chosen = None,
            RewardEvent::MilestoneReached(_)
            | RewardEvent::VerificationRequested(_)
            | RewardEvent::VerificationPassed(_)
            | RewardEvent::RewardHeld(_)
            | RewardEvent::RewardReleased(_)
            | RewardEvent::VoucherRevealed(_)
            | RewardEvent::RewardFailed(_)
            | RewardEvent::RewardCancelled(_)
            | RewardEvent::VoucherIssued(_)
            | RewardEvent::CreditApplied(_)
            | RewardEvent::CreditProgressed(_)
            | RewardEvent::CreditSettled(_)
            | RewardEvent::CreditReturned(_)
            | RewardEvent::VoucherRedeemed(_)
            | RewardEvent::RedemptionReversed(_)
            | RewardEvent::VoucherExpired(_)
            | RewardEvent::ExpiryUndone(_)
            | RewardEvent::VoucherVoided(_)
            | RewardEvent::RewardResumed(_)
            | RewardEvent::VoidRequested(_)
            | RewardEvent::VoidOutcomeUnknown(_)
            | RewardEvent::VoidRefused(_)
            | RewardEvent::AttestationBegun(_)
            | RewardEvent::LateIssueFound(_)
            | RewardEvent::RecallRequested(_)
            | RewardEvent::RecallOutcomeUnknown(_)
            | RewardEvent::LateIssueRecalled(_)
            | RewardEvent::LateIssueLost(_)
            | RewardEvent::OutcomeAttested(_) => {}
            RewardEvent::PartnerChosen(e) => {
                self.chosen = Some(Chosen {
                    partner_id: e.partner_id.clone(),
                    product: e.product.clone(),
                    kind: e.kind,
                    account_id: e.account_id,
                });
            }
            RewardEvent::IssuanceRequested(e) => self.attempts.push(attempt(e)),
            RewardEvent::IssuanceRefused(e) => {
                self.chosen = None;
                self.move_attempt(e.attempt, AttemptState::Refused);
                self.refusals.push(refusal(e));
            }
            RewardEvent::IssuanceDeferred(e) => {
                let state = AttemptState::Deferred { retry_at: e.retry_at };
                if let Some(attempt) = self.move_attempt(e.attempt, state) {
                    attempt.deferrals = e.deferrals;
                }
            }
            RewardEvent::IssuanceOutcomeUnknown(e) => {
                let state = AttemptState::Unknown { resolve_at: e.resolve_at };
                if let Some(attempt) = self.move_attempt(e.attempt, state) {
                    attempt.looks = e.looks;
                    attempt.may_have_arrived = true;
                }
            }
            RewardEvent::IssuanceNotFound(e) => {
                if let Some(attempt) = self.move_attempt(e.attempt, AttemptState::NotFound) {
                    attempt.may_have_arrived = true;
                }
            }
            RewardEvent::IssuanceRepeated(e) => {
                let state = AttemptState::Requested { resolve_at: e.resolve_at };
                self.move_attempt(e.attempt, state);
            }
        }
    }

    /// The value itself.
    fn evolve_having(&mut self, event: &RewardEvent) {
        match event {
            RewardEvent::VoucherIssued(e) => {
                self.move_attempt(e.attempt, AttemptState::Issued);
                self.gave_voucher(e);
            }
            RewardEvent::CreditApplied(e) => {
                self.move_attempt(e.attempt, AttemptState::Issued);
                self.gave(e.attempt, &e.partner_id, &e.credit_id);
                self.credit = Some(credit(e));
            }
            RewardEvent::CreditProgressed(e) => {
                self.credit.iter_mut().for_each(|credit| credit.state = e.state);
            }
            RewardEvent::CreditSettled(e) => {
                if let Some(credit) = &mut self.credit {
                    credit.settled_at = Some(e.occurred_at);
                    credit.state = e.state.unwrap_or(credit.state);
                }
            }
            RewardEvent::CreditReturned(e) => self.credit_returned(e),
            RewardEvent::VoucherRedeemed(e) => {
                let redemption = Redemption { amount: e.amount, is_reversed: false };
                self.keep_redemption(&e.redemption_id, redemption, e.remaining);
            }
            RewardEvent::RedemptionReversed(e) => {
                let redemption = Redemption { amount: e.amount, is_reversed: true };
                self.keep_redemption(&e.redemption_id, redemption, e.remaining);
            }
            RewardEvent::VoucherExpired(e) => {
                self.empty_voucher();
                let expired = Some((e.unspent, e.occurred_at));
                self.voucher.iter_mut().for_each(|voucher| voucher.expired = expired);
            }
            RewardEvent::LateIssueFound(e) => self.gave(e.attempt, &e.partner_id, &e.partner_ref),
            RewardEvent::ExpiryUndone(e) => self.voucher.iter_mut().for_each(|voucher| {
                voucher.remaining = e.amount;
                voucher.expired = None;
            }),
            RewardEvent::MilestoneReached(_)
            | RewardEvent::PartnerChosen(_)
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
            | RewardEvent::VoucherRevealed(_)
            | RewardEvent::VoucherVoided(_)
            | RewardEvent::OutcomeAttested(_)
            | RewardEvent::ChoiceReopened(_)
            | RewardEvent::RecallRequested(_)
            | RewardEvent::RecallOutcomeUnknown(_)
            | RewardEvent::LateIssueRecalled(_)
            | RewardEvent::LateIssueLost(_)
            | RewardEvent::RewardFailed(_)
            | RewardEvent::RewardCancelled(_)
            | RewardEvent::RewardResumed(_)
            | RewardEvent::AttestationBegun(_)
            | RewardEvent::VoidRequested(_)
            | RewardEvent::VoidOutcomeUnknown(_)
            | RewardEvent::VoidRefused(_) => {}
        }
    }

    pub(super) fn move_attempt(
        &mut self,
        number: u32,
        state: AttemptState,
    ) -> Option<&mut Attempt> {
        let attempt = self.attempt_mut(number)?;
        attempt.state = state;
        Some(attempt)
    }

    pub(super) fn attempt_mut(&mut self, number: u32) -> Option<&mut Attempt> {
        self.attempts.iter_mut().find(|attempt| attempt.attempt == number)
    }

    fn gave_voucher(&mut self, e: &VoucherIssued) {
        self.given.push(GivenValue {
            attempt: e.attempt,
            partner_id: e.partner_id.clone(),
            partner_ref: e.voucher_id.clone(),
            code_tag: Some(e.code_tag.clone()),
        });
        self.voucher = Some(voucher(e));
    }

    fn credit_returned(&mut self, e: &CreditReturned) {
        self.returned_credits.insert(e.credit_id.clone(), e.occurred_at);
        let credit = self.credit.take();
        self.returned_from.extend(credit.map(|credit| credit.account_id));
        self.chosen = None;
    }

    fn gave(&mut self, attempt: u32, partner: &PartnerId, partner_ref: &str) {
        self.given.push(GivenValue {
            attempt,
            partner_id: partner.clone(),
            partner_ref: partner_ref.to_owned(),
            code_tag: None,
        });
    }

    fn keep_redemption(&mut self, id: &str, redemption: Redemption, remaining: Amount) {
        if let Some(voucher) = &mut self.voucher {
            voucher.redemptions.insert(id.to_owned(), redemption);
            voucher.remaining = remaining;
        }
    }

    pub(super) fn empty_voucher(&mut self) {
        self.voucher.iter_mut().for_each(|voucher| voucher.remaining = Amount::ZERO);
    }
}

fn refusal(e: &IssuanceRefused) -> Refusal {
    Refusal {
        attempt: e.attempt,
        partner_id: e.partner_id.clone(),
        temporary: e.temporary,
        counts_as_try: e.counts_as_try,
    }
}

fn attempt(e: &IssuanceRequested) -> Attempt {
    Attempt {
        attempt: e.attempt,
        round: e.round,
        partner_id: e.partner_id.clone(),
        product: e.product.clone(),
        kind: e.kind,
        funding_model: e.funding_model,
        idempotency_key: e.idempotency_key,
        reference: e.reference.clone(),
        request_digest: e.request_digest.clone(),
        amount: e.amount,
        deferrals: 0,
        looks: 0,
        may_have_arrived: false,
        requested_at: e.occurred_at,
        state: AttemptState::Requested { resolve_at: e.resolve_at },
        statement: None,
        attested_issued: None,
    }
}

fn credit(e: &CreditApplied) -> IssuedCredit {
    IssuedCredit {
        credit_id: e.credit_id.clone(),
        partner_id: e.partner_id.clone(),
        attempt: e.attempt,
        account_id: e.account_id,
        amount: e.amount,
        funding_model: e.funding_model,
        state: CreditState::Accepted,
        settled_at: None,
    }
}

fn voucher(e: &VoucherIssued) -> IssuedVoucher {
    IssuedVoucher {
        voucher_id: e.voucher_id.clone(),
        partner_id: e.partner_id.clone(),
        attempt: e.attempt,
        funding_model: e.funding_model,
        amount: e.amount,
        remaining: e.amount,
        expired: None,
        is_voided: false,
        code: e.code.clone(),
        pin: e.pin.clone(),
        barcode: e.barcode.clone(),
        expires_on: e.expires_on,
        expires_at: e.expires_at,
        redemptions: std::collections::BTreeMap::new(),
    }
}
