//! The rules up to the choice of a partner, and of giving up.
//!
//! Rows: M3, R2, R3, R4, D3, D4, F4.

use chrono::{DateTime, Utc};

use super::{
    AccountAwaited, ChoiceReopened, ChosenBecause, MilestoneReached, PartnerChosen,
    ReachMilestone, Reward, RewardCommand, RewardError, RewardEvent, RewardFailed, RewardHeld,
    RewardReleased, RewardStatus, RewardType, ValueKind, VerificationPassed,
    VerificationRequested,
};
use crate::ids::{AccountId, PartnerId};

type Decision = Result<Vec<RewardEvent>, RewardError>;

/// A partner that is to be asked.
struct Candidate {
    partner_id: PartnerId,
    product: String,
    kind: ValueKind,
    account_id: Option<AccountId>,
}

impl Reward {
    pub(super) fn reach(reach: ReachMilestone, at: DateTime<Utc>) -> Vec<RewardEvent> {
        let held = reach
            .hold
            .map(|why| RewardHeld { member_id: reach.member_id, why, occurred_at: at }.into());
        let reached = MilestoneReached {
            member_id: reach.member_id,
            milestone: reach.milestone,
            milestone_days: reach.milestone_days,
            journey_number: reach.journey_number,
            cycle: reach.cycle,
            reached_on: reach.reached_on,
            policy_version: reach.policy_version,
            reward_type: reach.reward_type,
            amount: reach.amount,
            currency: reach.currency,
            eligible_partners: reach.eligible_partners,
            claim_only: reach.claim_only,
            product_rules: reach.product_rules,
            occurred_at: at,
        };
        std::iter::once(reached.into()).chain(held).collect()
    }

    pub(super) fn decide_reaching(
        &self,
        reached: &MilestoneReached,
        command: RewardCommand,
        at: DateTime<Utc>,
    ) -> Decision {
        use RewardCommand as C;
        let member_id = reached.member_id;
        match command {
            C::Choose { partner_id, product, kind, account_id, reason } => {
                let candidate = Candidate { partner_id, product, kind, account_id };
                self.choose(reached, candidate, reason, at)
            }
            C::Claim { partner_id, product, kind, account_id } => {
                let candidate = Candidate { partner_id, product, kind, account_id };
                self.claim(reached, candidate, at)
            }
            C::AwaitAccount { partners } => match self.status {
                RewardStatus::AwaitingAccount => Ok(Vec::new()),
                RewardStatus::Pending | RewardStatus::Processing
                    if self.open_attempt().is_none() && self.credit.is_none() =>
                {
                    Ok(vec![AccountAwaited { member_id, partners, occurred_at: at }.into()])
                }
                status => Err(RewardError::NotNow { status }),
            },
            C::RequestVerification { partner_id, product, expires_at } => {
                self.allow(&[RewardStatus::AwaitingChoice, RewardStatus::AwaitingVerification])?;
                Self::eligible(reached, &partner_id)?;
                Ok(vec![
                    VerificationRequested {
                        member_id,
                        partner_id,
                        product,
                        expires_at,
                        occurred_at: at,
                    }
                    .into(),
                ])
            }
            C::PassVerification => {
                self.allow(&[RewardStatus::AwaitingVerification])?;
                Ok(vec![VerificationPassed { member_id, occurred_at: at }.into()])
            }
            C::Hold { why } => {
                self.allow(&NOT_YET_ORDERED)?;
                Ok(vec![RewardHeld { member_id, why, occurred_at: at }.into()])
            }
            C::Release => {
                self.allow(&[RewardStatus::OnReview])?;
                Ok(vec![RewardReleased { member_id, occurred_at: at }.into()])
            }
            C::ReopenChoice { why } => self.reopen_choice(reached, why, at),
            C::Fail { why } => {
                self.nothing_unsettled()?;
                self.allow(&[RewardStatus::Pending, RewardStatus::AwaitingAccount])?;
                Ok(vec![RewardFailed { member_id, why, occurred_at: at }.into()])
            }
            _ => Err(RewardError::NotNow { status: self.status }),
        }
    }

    fn choose(
        &self,
        reached: &MilestoneReached,
        candidate: Candidate,
        reason: ChosenBecause,
        at: DateTime<Utc>,
    ) -> Decision {
        self.nothing_unsettled()?;
        match &self.chosen {
            // Nothing has left for the one that was chosen before: another may take its place.
            Some(chosen) if self.status == RewardStatus::Processing => {
                if chosen.partner_id == candidate.partner_id {
                    return Ok(Vec::new());
                }
            }
            _ => self.allow(&[RewardStatus::Pending, RewardStatus::AwaitingAccount])?,
        }
        if reached.reward_type == RewardType::ChoiceReward {
            return Err(RewardError::NotNow { status: self.status });
        }
        if reached.claim_only.contains(&candidate.partner_id) {
            return Err(RewardError::PartnerNotEligible { partner_id: candidate.partner_id });
        }
        if let ChosenBecause::AfterRefusal { attempt } = reason
            && !self.refusals.iter().any(|refusal| refusal.attempt == attempt)
        {
            return Err(RewardError::NoSuchRefusal { attempt });
        }
        Self::chosen_event(reached, candidate, reason, at)
    }

    fn claim(
        &self,
        reached: &MilestoneReached,
        candidate: Candidate,
        at: DateTime<Utc>,
    ) -> Decision {
        if let Some(chosen) = &self.chosen {
            return if chosen.partner_id == candidate.partner_id {
                Ok(Vec::new())
            } else {
                Err(RewardError::AlreadyClaimed { partner_id: chosen.partner_id.clone() })
            };
        }
        self.nothing_unsettled()?;
        self.allow(&[
            RewardStatus::AwaitingChoice,
            RewardStatus::AwaitingAccount,
            RewardStatus::Pending,
        ])?;
        Self::chosen_event(reached, candidate, ChosenBecause::Claimed, at)
    }

    fn chosen_event(
        reached: &MilestoneReached,
        candidate: Candidate,
        reason: ChosenBecause,
        at: DateTime<Utc>,
    ) -> Decision {
        let Candidate { partner_id, product, kind, account_id } = candidate;
        Self::eligible(reached, &partner_id)?;
        if kind == ValueKind::Credit && account_id.is_none() {
            return Err(RewardError::AccountNeeded { partner_id });
        }
        let member_id = reached.member_id;
        let occurred_at = at;
        Ok(vec![
            PartnerChosen {
                member_id,
                partner_id,
                product,
                kind,
                account_id,
                reason,
                occurred_at,
            }
            .into(),
        ])
    }

    /// Nobody chooses for a member what they choose themselves (R3): when it cannot be had, and
    /// nothing of it can have left, it is theirs to choose again.
    fn reopen_choice(
        &self,
        reached: &MilestoneReached,
        why: String,
        at: DateTime<Utc>,
    ) -> Decision {
        self.nothing_unsettled()?;
        self.allow(&[RewardStatus::Processing])?;
        let Some(chosen) = &self.chosen else { return Ok(Vec::new()) };
        if reached.reward_type != RewardType::ChoiceReward {
            return Err(RewardError::NotNow { status: self.status });
        }
        let (member_id, partner_id) = (reached.member_id, chosen.partner_id.clone());
        Ok(vec![ChoiceReopened { member_id, partner_id, why, occurred_at: at }.into()])
    }

    pub(super) fn eligible(
        reached: &MilestoneReached,
        partner: &PartnerId,
    ) -> Result<(), RewardError> {
        if reached.eligible_partners.contains(partner) {
            Ok(())
        } else {
            Err(RewardError::PartnerNotEligible { partner_id: partner.clone() })
        }
    }

    pub(super) fn allow(&self, statuses: &[RewardStatus]) -> Result<(), RewardError> {
        if statuses.contains(&self.status) {
            Ok(())
        } else {
            Err(RewardError::NotNow { status: self.status })
        }
    }

    pub(super) fn nothing_unsettled(&self) -> Result<(), RewardError> {
        match self.open_attempt() {
            None => Ok(()),
            Some(open) => Err(RewardError::Unsettled {
                attempt: open.attempt,
                partner_id: open.partner_id.clone(),
            }),
        }
    }
}

const NOT_YET_ORDERED: [RewardStatus; 4] = [
    RewardStatus::Pending,
    RewardStatus::AwaitingChoice,
    RewardStatus::AwaitingAccount,
    RewardStatus::AwaitingVerification,
];
