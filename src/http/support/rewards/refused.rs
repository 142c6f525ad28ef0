//! Why was it not done? Each refusal of the ledger, with what would have to be done instead.
//!
//! Rows: R6, D4.

use domain::ids::RewardId;
use domain::reward::{Reward, RewardError};

use super::{AttemptId, Told};
use crate::http::problem::{Code, Problem};

/// The problem that a refusal is; `reward` is as it is now.
#[must_use]
pub fn problem(id: RewardId, reward: &Reward, refusal: RewardError) -> Problem {
    use RewardError as E;
    match refusal {
        E::AlreadyDone { action, attempt, .. } => {
            Problem::new(Code::AlreadyDone).fact("first", Told::of(id, reward, (action, attempt)))
        }
        E::WrongAttempt { present, .. } => wrong_attempt(id, present),
        E::Unsettled { attempt, partner_id } => Problem::new(Code::Unsettled)
            .fact("attempt_id", AttemptId::of(id, attempt))
            .fact("partner_id", partner_id),
        E::UnderWay { attempt } => Problem::new(Code::Unsettled)
            .detail("The partner is being asked at this moment; look again in a minute or two.")
            .fact("attempt_id", AttemptId::of(id, attempt)),
        E::NotAnother { partner_id } => Problem::new(Code::PartnerNotEligible)
            .detail("This partner was asked last. Choose another one, or retry.")
            .fact("partner_id", partner_id),
        E::GivenBefore { .. } => Problem::new(Code::GivenBefore),
        E::SamePerson { .. } => Problem::new(Code::SamePerson),
        E::OutcomeDiffers { .. } => {
            Problem::new(Code::OutcomeDiffers).fact("first", Told::awaiting(id, reward))
        }
        E::NotNow { status } => Problem::new(Code::NotPossibleNow).fact("status", status),
        E::VoidOpen => Problem::new(Code::NotPossibleNow).fact("status", reward.status()),
        refusal => refusal.into(),
    }
}

/// Another attempt was named than the one that the reward is at.
#[must_use]
pub fn wrong_attempt(id: RewardId, present: u32) -> Problem {
    Problem::new(Code::WrongAttempt).fact("present_attempt_id", AttemptId::of(id, present))
}
