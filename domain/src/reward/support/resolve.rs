//! Two people settle an outcome that nobody saw.
//!
//! Any attempt that was looked into and stayed unknown can be settled so, as long as no call of it
//! is under way. The first person's word starts nothing; it stands for a day, and the second one
//! has to say the same. "Not issued" closes the attempt, and the reward goes on. "Issued" ends a
//! credit as given, under the partner's own id. A voucher is nothing without its code: the attempt
//! stays open, nobody else is asked, and the code is asked for by our reference until it comes. If
//! it never does, the partner takes the voucher back by hand and two people say "not issued".
//!
//! Rows: R6, D4.

use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

use super::action::{AttestedOutcome, SupportAction, SupportCommand};
use super::event::AttestationBegun;
use crate::reward::{
    Attempt, AttemptState, CreditApplied, MilestoneReached, OutcomeAttested, Reward, RewardError,
    RewardEvent, ValueKind,
};

type Decision = Result<Vec<RewardEvent>, RewardError>;

/// How long a first person's word waits for a second one, in hours.
pub const STATEMENT_HOURS: i64 = 24;

struct Word {
    outcome: AttestedOutcome,
    person: Uuid,
    evidence: String,
}

impl Word {
    fn partner_ref(&self) -> Option<&str> {
        match &self.outcome {
            AttestedOutcome::NotIssued => None,
            AttestedOutcome::Issued { partner_ref, .. } => Some(partner_ref),
        }
    }
}

impl Reward {
    pub(super) fn attest(
        &self,
        reached: &MilestoneReached,
        wish: SupportCommand,
        at: DateTime<Utc>,
    ) -> Decision {
        let SupportCommand::Resolve { attempt, outcome, person, evidence } = wish else {
            return Err(RewardError::NotNow { status: self.status });
        };
        let word = Word { outcome, person, evidence };
        let open = self.to_be_settled(attempt, &word, at)?;
        let Some(first) = standing(open, at) else {
            return Ok(vec![begun(reached, open, &word, at)]);
        };
        if first.first_person == word.person {
            return Err(RewardError::SamePerson { person: word.person });
        }
        if first.partner_ref.as_deref() != word.partner_ref() {
            return Err(RewardError::OutcomeDiffers { attempt });
        }
        let attested = OutcomeAttested {
            member_id: reached.member_id,
            attempt,
            partner_id: open.partner_id.clone(),
            issued: word.partner_ref().is_some(),
            partner_ref: word.partner_ref().map(str::to_owned),
            first_person: first.first_person,
            second_person: word.person,
            evidence: word.evidence.clone(),
            reward_type: reached.reward_type,
            amount: open.amount,
            currency: reached.currency,
            occurred_at: at,
        };
        let given = self.attested_credit(reached, open, word, at)?;
        Ok(std::iter::once(attested.into()).chain(given).collect())
    }

    /// The open attempt, if it is one that stayed unknown and is not being sent.
    fn to_be_settled(
        &self,
        attempt: u32,
        word: &Word,
        at: DateTime<Utc>,
    ) -> Result<&Attempt, RewardError> {
        let open = self.open_attempt().filter(|open| open.attempt == attempt);
        // What two people took for issued and the partner then took back by hand.
        let is_withdrawn = open.is_some_and(|open| open.attested_issued.is_some())
            && word.outcome == AttestedOutcome::NotIssued;
        if !is_withdrawn {
            self.once(SupportAction::Resolve, attempt)?;
        }
        let open = open.ok_or(RewardError::NotNow { status: self.status })?;
        if open.looks == 0 && open.state != AttemptState::NotFound {
            return Err(RewardError::NotNow { status: self.status });
        }
        match open.state {
            AttemptState::Requested { resolve_at } if resolve_at > at => {
                Err(RewardError::UnderWay { attempt })
            }
            _ => Ok(open),
        }
    }

    /// A credit needs nothing but the partner's own id for it.
    fn attested_credit(
        &self,
        reached: &MilestoneReached,
        open: &Attempt,
        word: Word,
        at: DateTime<Utc>,
    ) -> Result<Option<RewardEvent>, RewardError> {
        let account_id = self.chosen.as_ref().and_then(|chosen| chosen.account_id);
        let AttestedOutcome::Issued { partner_ref, account_masked } = word.outcome else {
            return Ok(None);
        };
        // Of this attempt nothing is on record; what another one gave is not given again.
        self.is_on_record(open, &partner_ref)?;
        let given = account_id.filter(|_| open.kind == ValueKind::Credit).map(|account_id| {
            CreditApplied {
                member_id: reached.member_id,
                attempt: open.attempt,
                partner_id: open.partner_id.clone(),
                credit_id: partner_ref,
                reference: open.reference.clone(),
                account_id,
                account_masked: account_masked.unwrap_or_default(),
                reward_type: reached.reward_type,
                amount: open.amount,
                currency: reached.currency,
                funding_model: open.funding_model,
                response_digest: "attested".to_owned(),
                occurred_at: at,
            }
            .into()
        });
        Ok(given)
    }

    /// What a second person would have to say; "not issued" when nobody has said anything.
    pub(super) fn said_before(&self) -> AttestedOutcome {
        let said = self.open_attempt().and_then(|open| open.statement.as_ref());
        match said.and_then(|said| said.partner_ref.clone()) {
            Some(partner_ref) => AttestedOutcome::Issued { partner_ref, account_masked: None },
            None => AttestedOutcome::NotIssued,
        }
    }
}

/// A first person's word that has not lapsed.
fn standing(open: &Attempt, at: DateTime<Utc>) -> Option<&AttestationBegun> {
    open.statement.as_ref().filter(|said| at < said.expires_at)
}

fn begun(
    reached: &MilestoneReached,
    open: &Attempt,
    word: &Word,
    at: DateTime<Utc>,
) -> RewardEvent {
    AttestationBegun {
        member_id: reached.member_id,
        attempt: open.attempt,
        partner_id: open.partner_id.clone(),
        issued: word.partner_ref().is_some(),
        partner_ref: word.partner_ref().map(str::to_owned),
        first_person: word.person,
        expires_at: at + Duration::hours(STATEMENT_HOURS),
        occurred_at: at,
    }
    .into()
}
