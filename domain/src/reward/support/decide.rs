//! The rules of going on, going elsewhere, and ending without value.
//!
//! Rows: R6, D3, D4.

use chrono::{DateTime, Utc};

use super::action::{SupportAction, SupportCommand};
use super::event::{ResumedBy, RewardResumed};
use crate::reward::{
    Attempt, AttemptState, Chosen, ChosenBecause, IssuanceRefused, MilestoneReached,
    PartnerChosen, Reward, RewardCancelled, RewardError, RewardEvent, RewardReleased,
    RewardStatus, RewardType, ValueKind,
};

type Decision = Result<Vec<RewardEvent>, RewardError>;

/// Where a partner can be named by support: nothing is out, and nothing is on its way.
const REDIRECTED_FROM: [RewardStatus; 4] = [
    RewardStatus::Pending,
    RewardStatus::AwaitingAccount,
    RewardStatus::Processing,
    RewardStatus::Failed,
];

/// Where no value is out and none is on its way.
const CANCELLABLE: [RewardStatus; 7] = [
    RewardStatus::Pending,
    RewardStatus::AwaitingChoice,
    RewardStatus::AwaitingAccount,
    RewardStatus::AwaitingVerification,
    RewardStatus::OnReview,
    RewardStatus::Processing,
    RewardStatus::Failed,
];

impl Reward {
    pub(in crate::reward) fn decide_support(
        &self,
        reached: &MilestoneReached,
        wish: SupportCommand,
        at: DateTime<Utc>,
    ) -> Decision {
        use SupportCommand as S;
        match wish {
            S::Retry { attempt } => self.retry(reached, attempt, at),
            S::Reissue { attempt } => self.reissue(reached, attempt, at),
            S::Redirect { attempt, partner_id, product, kind, account_id } => {
                let chosen = Chosen { partner_id, product, kind, account_id };
                self.redirect(reached, attempt, chosen, at)
            }
            S::Cancel { attempt } => self.cancel(reached, attempt, at),
            S::Void { attempt, idempotency_key } => {
                self.request_void(reached, attempt, idempotency_key, at)
            }
            S::Resolve { .. } => self.attest(reached, wish, at),
        }
    }

    /// After a definite no, whether or not it was the last that counts; and of what is held back,
    /// once a person has looked.
    fn retry(&self, reached: &MilestoneReached, attempt: u32, at: DateTime<Utc>) -> Decision {
        self.once(SupportAction::Retry, attempt)?;
        self.nothing_unsettled()?;
        if self.held_after.is_some() {
            return Ok(vec![released(reached, at)]);
        }
        let was_refused =
            self.attempts.last().is_some_and(|last| last.state == AttemptState::Refused);
        let waits = [RewardStatus::Pending, RewardStatus::AwaitingChoice];
        if self.status != RewardStatus::Failed && !(was_refused && waits.contains(&self.status)) {
            return Err(RewardError::NotNow { status: self.status });
        }
        Ok(vec![resumed(reached, attempt, ResumedBy::Retry, at)])
    }

    fn reissue(&self, reached: &MilestoneReached, attempt: u32, at: DateTime<Utc>) -> Decision {
        self.once(SupportAction::Reissue, attempt)?;
        self.nothing_unsettled()?;
        if self.status != RewardStatus::Failed && !self.waits_after_void() {
            return Err(RewardError::NotNow { status: self.status });
        }
        Ok(vec![resumed(reached, attempt, ResumedBy::Reissue, at)])
    }

    /// What a member chooses nobody chooses for them (R3). A call that was surely not processed is
    /// given up first.
    fn redirect(
        &self,
        reached: &MilestoneReached,
        attempt: u32,
        to: Chosen,
        at: DateTime<Utc>,
    ) -> Decision {
        self.once(SupportAction::Redirect, attempt)?;
        let mut events = self.given_up(reached, at)?;
        if reached.reward_type == RewardType::ChoiceReward {
            return Err(RewardError::NotNow { status: self.status });
        }
        if self.held_after.is_some() {
            events.push(released(reached, at));
        } else if !self.waits_after_void() {
            self.allow(&REDIRECTED_FROM)?;
        }
        let partner_id = to.partner_id;
        Self::eligible(reached, &partner_id)?;
        if self.attempts.last().is_some_and(|last| last.partner_id == partner_id) {
            return Err(RewardError::NotAnother { partner_id });
        }
        if to.kind == ValueKind::Credit && to.account_id.is_none() {
            return Err(RewardError::AccountNeeded { partner_id });
        }
        let chosen = PartnerChosen {
            member_id: reached.member_id,
            partner_id,
            product: to.product,
            kind: to.kind,
            account_id: to.account_id,
            reason: ChosenBecause::Redirected { attempt },
            occurred_at: at,
        };
        events.push(chosen.into());
        Ok(events)
    }

    fn cancel(&self, reached: &MilestoneReached, attempt: u32, at: DateTime<Utc>) -> Decision {
        self.once(SupportAction::Cancel, attempt)?;
        let mut events = self.given_up(reached, at)?;
        self.allow(&CANCELLABLE)?;
        let cancelled = RewardCancelled {
            member_id: reached.member_id,
            why: "by_support".to_owned(),
            reward_type: reached.reward_type,
            amount: self.committed(),
            currency: reached.currency,
            occurred_at: at,
        };
        events.push(cancelled.into());
        Ok(events)
    }

    /// Nothing unsettled is left: an attempt that was put off, and of which no byte can ever have
    /// arrived, ends here. It is not sent any more: that would have to be on record first.
    fn given_up(&self, reached: &MilestoneReached, at: DateTime<Utc>) -> Decision {
        let Some(open) = self.open_attempt().filter(|open| is_surely_not_processed(open)) else {
            self.nothing_unsettled()?;
            return Ok(Vec::new());
        };
        let refused = IssuanceRefused {
            member_id: reached.member_id,
            attempt: open.attempt,
            partner_id: open.partner_id.clone(),
            code: "given_up_by_support".to_owned(),
            temporary: true,
            counts_as_try: false,
            reward_type: reached.reward_type,
            amount: open.amount,
            currency: reached.currency,
            occurred_at: at,
        };
        Ok(vec![refused.into()])
    }

    /// The partner took the voucher back, and nothing has followed yet.
    fn waits_after_void(&self) -> bool {
        let is_voided = self.voucher.as_ref().is_some_and(|voucher| voucher.is_voided);
        self.status == RewardStatus::OnReview && is_voided && self.held_after.is_none()
    }
}

fn is_surely_not_processed(open: &Attempt) -> bool {
    matches!(open.state, AttemptState::Deferred { .. }) && !open.may_have_arrived
}

fn released(reached: &MilestoneReached, at: DateTime<Utc>) -> RewardEvent {
    RewardReleased { member_id: reached.member_id, occurred_at: at }.into()
}

fn resumed(
    reached: &MilestoneReached,
    attempt: u32,
    resumed_by: ResumedBy,
    at: DateTime<Utc>,
) -> RewardEvent {
    let member_id = reached.member_id;
    RewardResumed { member_id, attempt, resumed_by, occurred_at: at }.into()
}
