//! The rules of asking a partner: one attempt at a time, and what its answers mean.
//!
//! Rows: R2, D1, D3, D4.

use chrono::{DateTime, Utc};

use super::late::found_late;
use super::{
    Attempt, AttemptState, CreditApplied, IssuanceDeferred, IssuanceNotFound,
    IssuanceOutcomeUnknown, IssuanceRefused, IssuanceRepeated, IssuanceRequested,
    MilestoneReached, RecordVoucher, Reward, RewardCommand, RewardError, RewardEvent,
    RewardFailed, RewardStatus, VoucherIssued,
};
use crate::money::{Amount, Currency, Money};

type Decision = Result<Vec<RewardEvent>, RewardError>;

/// So many definite refusals, over all partners, and people are asked (D3).
const MAX_TRIES: usize = 3;

impl Reward {
    pub(super) fn decide_issuing(
        &self,
        reached: &MilestoneReached,
        command: RewardCommand,
        at: DateTime<Utc>,
    ) -> Decision {
        use RewardCommand as C;
        let member_id = reached.member_id;
        match command {
            C::RequestIssuance { .. } => self.request(reached, command, at),
            C::RecordRefused { .. } => self.refused(reached, command, at),
            C::RecordDeferred { attempt, why, retry_at } => {
                let open = self.open(attempt)?;
                if open.may_have_arrived {
                    return Err(RewardError::MayHaveBeenProcessed { attempt });
                }
                let (partner_id, deferrals) = (open.partner_id.clone(), open.deferrals + 1);
                Ok(vec![
                    IssuanceDeferred {
                        member_id,
                        attempt,
                        partner_id,
                        why,
                        deferrals,
                        retry_at,
                        occurred_at: at,
                    }
                    .into(),
                ])
            }
            C::RecordUnknown { attempt, why, resolve_at } => {
                let open = self.open(attempt)?;
                let (partner_id, looks) = (open.partner_id.clone(), open.looks + 1);
                Ok(vec![
                    IssuanceOutcomeUnknown {
                        member_id,
                        attempt,
                        partner_id,
                        why,
                        looks,
                        resolve_at,
                        occurred_at: at,
                    }
                    .into(),
                ])
            }
            C::RecordNotFound { attempt } => {
                let open = self.open(attempt)?;
                if open.state == AttemptState::NotFound {
                    return Ok(Vec::new());
                }
                let partner_id = open.partner_id.clone();
                Ok(vec![
                    IssuanceNotFound { member_id, attempt, partner_id, occurred_at: at }.into(),
                ])
            }
            C::RepeatIssuance { attempt, resolve_at } => {
                self.repeat(reached, attempt, resolve_at, at)
            }
            C::RecordVoucher(voucher) => self.voucher_came(reached, *voucher, at),
            C::RecordCredit { .. } => self.credit_came(reached, command, at),
            _ => Err(RewardError::NotNow { status: self.status }),
        }
    }

    fn request(
        &self,
        reached: &MilestoneReached,
        command: RewardCommand,
        at: DateTime<Utc>,
    ) -> Decision {
        let RewardCommand::RequestIssuance {
            partner_id,
            attempt,
            round,
            funding_model,
            idempotency_key,
            reference,
            request_digest,
            deadline,
            resolve_at,
        } = command
        else {
            return Err(RewardError::NotNow { status: self.status });
        };
        self.nothing_unsettled()?;
        let (RewardStatus::Processing, Some(chosen)) = (self.status, &self.chosen) else {
            return Err(RewardError::NotNow { status: self.status });
        };
        if chosen.partner_id != partner_id {
            // Key, reference and bytes were made for the other one.
            return Err(RewardError::AlreadyClaimed { partner_id: chosen.partner_id.clone() });
        }
        let next = self.last_attempt() + 1;
        if attempt != next {
            return Err(RewardError::NotTheNextAttempt { given: attempt, next });
        }
        let next_round = self.rounds_at(&chosen.partner_id) + 1;
        if round != next_round {
            return Err(RewardError::NotTheNextAttempt { given: round, next: next_round });
        }
        Ok(vec![
            IssuanceRequested {
                member_id: reached.member_id,
                attempt,
                round,
                partner_id,
                product: chosen.product.clone(),
                kind: chosen.kind,
                account_id: chosen.account_id,
                reward_type: reached.reward_type,
                amount: self.committed(),
                currency: reached.currency,
                funding_model,
                idempotency_key,
                reference,
                request_digest,
                deadline,
                resolve_at,
                occurred_at: at,
            }
            .into(),
        ])
    }

    /// Written down before every repeat as before the first call: a worker that dies while it sends
    /// leaves an attempt that is looked into, and of two workers one alone may send.
    fn repeat(
        &self,
        reached: &MilestoneReached,
        attempt: u32,
        resolve_at: DateTime<Utc>,
        at: DateTime<Utc>,
    ) -> Decision {
        let open = self.open(attempt)?;
        match open.state {
            AttemptState::Deferred { .. } | AttemptState::NotFound => {}
            _ => return Err(RewardError::UnderWay { attempt }),
        }
        let partner_id = open.partner_id.clone();
        let member_id = reached.member_id;
        Ok(vec![
            IssuanceRepeated { member_id, attempt, partner_id, resolve_at, occurred_at: at }
                .into(),
        ])
    }

    /// A definite no. The third that counts ends the search, and people are told.
    fn refused(
        &self,
        reached: &MilestoneReached,
        command: RewardCommand,
        at: DateTime<Utc>,
    ) -> Decision {
        let RewardCommand::RecordRefused { attempt, code, temporary, counts_as_try } = command
        else {
            return Err(RewardError::NotNow { status: self.status });
        };
        if self.refusals.iter().any(|refusal| refusal.attempt == attempt) {
            return Ok(Vec::new());
        }
        let open = self.open(attempt)?;
        if open.may_have_arrived && !counts_as_try {
            return Err(RewardError::MayHaveBeenProcessed { attempt });
        }
        let refused = IssuanceRefused {
            member_id: reached.member_id,
            attempt,
            partner_id: open.partner_id.clone(),
            code,
            temporary,
            counts_as_try,
            reward_type: reached.reward_type,
            amount: self.committed(),
            currency: reached.currency,
            occurred_at: at,
        };
        let tries =
            self.counting_refusals().iter().filter(|refusal| refusal.counts_as_try).count()
                + usize::from(counts_as_try);
        let mut events = vec![refused.into()];
        if tries >= MAX_TRIES {
            let why = "refused_three_times".to_owned();
            events
                .push(RewardFailed { member_id: reached.member_id, why, occurred_at: at }.into());
        }
        Ok(events)
    }

    /// The same voucher again is nothing new; another one for a settled attempt is a case for
    /// people, and never a second reward.
    fn voucher_came(
        &self,
        reached: &MilestoneReached,
        new: RecordVoucher,
        at: DateTime<Utc>,
    ) -> Decision {
        let attempt = self.known(new.attempt)?;
        Self::as_ordered(reached, attempt, new.amount, new.currency)?;
        if self.is_on_record(attempt, &new.voucher_id)? {
            return Ok(Vec::new());
        }
        if !attempt.is_open() {
            return Ok(vec![found_late(reached, attempt, new.voucher_id, at)]);
        }
        self.code_is_new(attempt, &new.code_tag)?;
        Ok(vec![
            VoucherIssued {
                member_id: reached.member_id,
                attempt: new.attempt,
                partner_id: attempt.partner_id.clone(),
                voucher_id: new.voucher_id,
                reference: attempt.reference.clone(),
                product: attempt.product.clone(),
                reward_type: reached.reward_type,
                amount: new.amount,
                currency: new.currency,
                funding_model: attempt.funding_model,
                code: new.code,
                code_masked: new.code_masked,
                code_tag: new.code_tag,
                pin: new.pin,
                barcode: new.barcode,
                expires_on: new.expires_on,
                expires_at: new.expires_at,
                response_digest: new.response_digest,
                occurred_at: new.issued_at,
            }
            .into(),
        ])
    }

    fn credit_came(
        &self,
        reached: &MilestoneReached,
        command: RewardCommand,
        at: DateTime<Utc>,
    ) -> Decision {
        let RewardCommand::RecordCredit {
            attempt,
            credit_id,
            account_id,
            account_masked,
            amount,
            currency,
            response_digest,
            applied_at,
        } = command
        else {
            return Err(RewardError::NotNow { status: self.status });
        };
        let known = self.known(attempt)?;
        Self::as_ordered(reached, known, amount, currency)?;
        if self.is_on_record(known, &credit_id)? {
            return Ok(Vec::new());
        }
        if !known.is_open() {
            return Ok(vec![found_late(reached, known, credit_id, at)]);
        }
        Ok(vec![
            CreditApplied {
                member_id: reached.member_id,
                attempt,
                partner_id: known.partner_id.clone(),
                credit_id,
                reference: known.reference.clone(),
                account_id,
                account_masked,
                reward_type: reached.reward_type,
                amount,
                currency,
                funding_model: known.funding_model,
                response_digest,
                occurred_at: applied_at,
            }
            .into(),
        ])
    }

    /// What replaces a voucher is another one: the partner's old code is worth nothing any more.
    fn code_is_new(&self, attempt: &Attempt, code_tag: &str) -> Result<(), RewardError> {
        let mut given = self.given.iter().filter(|given| given.partner_id == attempt.partner_id);
        match given.find(|given| given.code_tag.as_deref() == Some(code_tag)) {
            Some(given) => Err(RewardError::GivenBefore { attempt: given.attempt }),
            None => Ok(()),
        }
    }

    fn known(&self, attempt: u32) -> Result<&Attempt, RewardError> {
        self.attempt(attempt).ok_or(RewardError::AttemptNotOpen { attempt })
    }

    fn open(&self, attempt: u32) -> Result<&Attempt, RewardError> {
        let open = self.open_attempt().filter(|open| open.attempt == attempt);
        open.ok_or(RewardError::AttemptNotOpen { attempt })
    }

    fn as_ordered(
        reached: &MilestoneReached,
        attempt: &Attempt,
        amount: Amount,
        currency: Currency,
    ) -> Result<(), RewardError> {
        let wanted = Money { amount: attempt.amount, currency: reached.currency };
        let got = Money { amount, currency };
        if wanted == got {
            Ok(())
        } else {
            Err(RewardError::NotWhatWasOrdered {
                wanted: wanted.to_string(),
                got: got.to_string(),
            })
        }
    }
}
