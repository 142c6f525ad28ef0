//! What is due for this reward? Read from its stream alone.
//!
//! Rows: R1, D4, D6.

use chrono::{DateTime, Utc};
use domain::reward::{Attempt, AttemptState, OpenVoid, Reward, RewardStatus, RewardType};

/// The next thing to do for a reward.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// No partner is chosen yet.
    Choose,
    /// A partner is chosen and not yet asked.
    Request,
    /// The open attempt was surely not processed: send it again.
    SendAgain(Attempt),
    /// Nobody knows how the open attempt ended: find out.
    Resolve(Attempt),
    /// The partner has not said whether it takes the voucher back: ask.
    Void(OpenVoid),
    /// The voucher's last day is over.
    Expire,
    /// Nothing, or nothing yet.
    Nothing,
}

/// What is due for `reward` at `now`, by the ledger's clock.
pub fn step(reward: &Reward, now: DateTime<Utc>) -> Step {
    if let Some(attempt) = reward.open_attempt() {
        return open_attempt(attempt, now);
    }
    if let Some(void) = reward.open_void() {
        return if void.ask_at <= now { Step::Void(void.clone()) } else { Step::Nothing };
    }
    let is_choice =
        reward.reached().is_some_and(|reached| reached.reward_type == RewardType::ChoiceReward);
    match reward.status() {
        RewardStatus::Pending if reward.chosen().is_some() => Step::Request,
        RewardStatus::Processing if reward.chosen().is_some() => Step::Request,
        // What a member chooses nobody chooses for them, also when a credit came back (R3).
        RewardStatus::Pending | RewardStatus::AwaitingAccount | RewardStatus::Processing
            if is_choice =>
        {
            Step::Nothing
        }
        RewardStatus::Pending | RewardStatus::AwaitingAccount | RewardStatus::Processing => {
            Step::Choose
        }
        RewardStatus::Issued | RewardStatus::PartlyRedeemed => expiry(reward, now),
        RewardStatus::AwaitingChoice
        | RewardStatus::AwaitingVerification
        | RewardStatus::OnReview
        | RewardStatus::Redeemed
        | RewardStatus::Expired
        | RewardStatus::Failed
        | RewardStatus::Cancelled => Step::Nothing,
    }
}

fn open_attempt(attempt: &Attempt, now: DateTime<Utc>) -> Step {
    match attempt.state {
        AttemptState::Deferred { retry_at } if retry_at <= now => Step::SendAgain(attempt.clone()),
        // Two people said that it exists: it is looked for, and not ordered once more.
        AttemptState::NotFound if attempt.attested_issued.is_some() => {
            Step::Resolve(attempt.clone())
        }
        AttemptState::NotFound => Step::SendAgain(attempt.clone()),
        AttemptState::Requested { resolve_at } | AttemptState::Unknown { resolve_at }
            if resolve_at <= now =>
        {
            Step::Resolve(attempt.clone())
        }
        _ => Step::Nothing,
    }
}

/// When something becomes due for `reward` by itself; never, when nothing can.
pub fn due_again_at(reward: &Reward) -> Option<DateTime<Utc>> {
    match reward.open_attempt().map(|attempt| attempt.state) {
        Some(AttemptState::Deferred { retry_at }) => Some(retry_at),
        Some(AttemptState::Requested { resolve_at } | AttemptState::Unknown { resolve_at }) => {
            Some(resolve_at)
        }
        Some(_) => None,
        None if reward.open_void().is_some() => reward.open_void().map(|void| void.ask_at),
        None => reward
            .voucher()
            .filter(|voucher| !voucher.remaining.is_zero())
            .and_then(|voucher| voucher.expires_at),
    }
}

fn expiry(reward: &Reward, now: DateTime<Utc>) -> Step {
    let over = reward.voucher().and_then(|voucher| voucher.expires_at).is_some_and(|at| at <= now);
    if over { Step::Expire } else { Step::Nothing }
}
