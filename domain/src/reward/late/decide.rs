//! The rules of value that surfaces late, and of having it taken back.
//!
//! Rows: D4, A1. Cases: C12.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::evolve::{LateState, LateValue};
use super::{LateIssueLost, LateIssueRecalled, RecallOutcomeUnknown, RecallRequested};
use crate::money::Amount;
use crate::reward::{Attempt, LateIssueFound, MilestoneReached, Reward, RewardError, RewardEvent};

type Decision = Result<Vec<RewardEvent>, RewardError>;

/// A wish concerning value that surfaced late. `attempt` and `partner_ref` name it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of the event that follows")]
pub enum LateCommand {
    /// The partner says that it gave this for an attempt of ours.
    Find { attempt: u32, partner_ref: String },
    /// Write down that the partner is about to be asked to take it back.
    RequestRecall { attempt: u32, partner_ref: String, idempotency_key: Uuid },
    /// The partner took back what was left of it.
    RecordRecalled { attempt: u32, partner_ref: String, taken_back: Amount },
    /// The partner does not take it back.
    RecordRecallRefused { attempt: u32, partner_ref: String, why: String },
    /// The partner did not say.
    RecordRecallUnknown {
        attempt: u32,
        partner_ref: String,
        why: String,
        resolve_at: DateTime<Utc>,
    },
}

impl Reward {
    pub(in crate::reward) fn decide_late(
        &self,
        reached: &MilestoneReached,
        command: LateCommand,
        at: DateTime<Utc>,
    ) -> Decision {
        use LateCommand as L;
        match command {
            L::Find { attempt, partner_ref } => self.surfaced(reached, attempt, partner_ref, at),
            L::RequestRecall { attempt, partner_ref, idempotency_key } => {
                let late = self.late_value(attempt, &partner_ref)?;
                if late.state != LateState::Found {
                    return Ok(Vec::new());
                }
                let partner_id = late.partner_id.clone();
                Ok(vec![
                    RecallRequested {
                        member_id: reached.member_id,
                        attempt,
                        partner_id,
                        partner_ref,
                        idempotency_key,
                        occurred_at: at,
                    }
                    .into(),
                ])
            }
            L::RecordRecalled { attempt, partner_ref, taken_back } => {
                let Some(late) = self.asked_to_recall(attempt, &partner_ref)? else {
                    return Ok(Vec::new());
                };
                recalled(reached, late, taken_back, at)
            }
            L::RecordRecallRefused { attempt, partner_ref, why } => {
                let late = self.asked_to_recall(attempt, &partner_ref)?;
                let lost = late.map(|late| lost(reached, late, (late.amount, why), at));
                Ok(lost.into_iter().collect())
            }
            L::RecordRecallUnknown { attempt, partner_ref, why, resolve_at } => {
                let Some(late) = self.asked_to_recall(attempt, &partner_ref)? else {
                    return Ok(Vec::new());
                };
                Ok(vec![
                    RecallOutcomeUnknown {
                        member_id: reached.member_id,
                        attempt,
                        partner_id: late.partner_id.clone(),
                        partner_ref,
                        why,
                        looks: late.looks + 1,
                        resolve_at,
                        occurred_at: at,
                    }
                    .into(),
                ])
            }
        }
    }

    /// A partner's word of value that we have on record is nothing new; what it gives for an open
    /// attempt is that attempt's answer, and is waited for.
    fn surfaced(
        &self,
        reached: &MilestoneReached,
        attempt: u32,
        partner_ref: String,
        at: DateTime<Utc>,
    ) -> Decision {
        let known = self.attempt(attempt).ok_or(RewardError::AttemptNotOpen { attempt })?;
        if self.is_on_record(known, &partner_ref)? {
            return Ok(Vec::new());
        }
        if known.is_open() {
            let partner_id = known.partner_id.clone();
            return Err(RewardError::Unsettled { attempt, partner_id });
        }
        // Two people named what was given for it: one of the names is wrong.
        if let Some(attested) = &known.attested_issued {
            return Err(RewardError::NotWhatWasOrdered {
                wanted: attested.clone(),
                got: partner_ref,
            });
        }
        Ok(vec![found_late(reached, known, partner_ref, at)])
    }

    /// Whether this value is on record as what the attempt gave.
    ///
    /// # Errors
    /// [`RewardError::GivenBefore`] when it is on record as what another attempt gave.
    pub(in crate::reward) fn is_on_record(
        &self,
        attempt: &Attempt,
        partner_ref: &str,
    ) -> Result<bool, RewardError> {
        let is_it = |given: &&crate::reward::aggregate::GivenValue| {
            given.partner_id == attempt.partner_id && given.partner_ref == partner_ref
        };
        match self.given.iter().find(is_it) {
            None => Ok(false),
            Some(given) if given.attempt == attempt.attempt => Ok(true),
            Some(given) => Err(RewardError::GivenBefore { attempt: given.attempt }),
        }
    }

    fn late_value(&self, attempt: u32, partner_ref: &str) -> Result<&LateValue, RewardError> {
        let mut late = self.late.iter();
        late.find(|late| late.attempt == attempt && late.partner_ref == partner_ref)
            .ok_or(RewardError::NoSuchValue)
    }

    /// The value whose recall is asked for; none when that is settled.
    fn asked_to_recall(
        &self,
        attempt: u32,
        partner_ref: &str,
    ) -> Result<Option<&LateValue>, RewardError> {
        let late = self.late_value(attempt, partner_ref)?;
        match late.state {
            LateState::Found => Err(RewardError::NoSuchValue),
            LateState::Asked { .. } => Ok(Some(late)),
            LateState::Settled => Ok(None),
        }
    }
}

pub(in crate::reward) fn found_late(
    reached: &MilestoneReached,
    attempt: &Attempt,
    partner_ref: String,
    at: DateTime<Utc>,
) -> RewardEvent {
    LateIssueFound {
        member_id: reached.member_id,
        attempt: attempt.attempt,
        partner_id: attempt.partner_id.clone(),
        partner_ref,
        reward_type: reached.reward_type,
        amount: attempt.amount,
        currency: reached.currency,
        funding_model: attempt.funding_model,
        occurred_at: at,
    }
    .into()
}

/// What was spent of it before is lost.
fn recalled(
    reached: &MilestoneReached,
    late: &LateValue,
    taken_back: Amount,
    at: DateTime<Utc>,
) -> Decision {
    let Ok(rest) = late.amount.minus(taken_back) else {
        return Err(RewardError::NotWhatWasOrdered {
            wanted: late.amount.to_string(),
            got: taken_back.to_string(),
        });
    };
    let mut events = Vec::new();
    if !taken_back.is_zero() {
        events.push(
            LateIssueRecalled {
                member_id: reached.member_id,
                attempt: late.attempt,
                partner_id: late.partner_id.clone(),
                partner_ref: late.partner_ref.clone(),
                reward_type: reached.reward_type,
                amount: taken_back,
                currency: reached.currency,
                funding_model: late.funding_model,
                occurred_at: at,
            }
            .into(),
        );
    }
    if !rest.is_zero() {
        events.push(lost(reached, late, (rest, "spent".to_owned()), at));
    }
    Ok(events)
}

fn lost(
    reached: &MilestoneReached,
    late: &LateValue,
    (amount, why): (Amount, String),
    at: DateTime<Utc>,
) -> RewardEvent {
    LateIssueLost {
        member_id: reached.member_id,
        attempt: late.attempt,
        partner_id: late.partner_id.clone(),
        partner_ref: late.partner_ref.clone(),
        why,
        reward_type: reached.reward_type,
        amount,
        currency: reached.currency,
        funding_model: late.funding_model,
        occurred_at: at,
    }
    .into()
}
