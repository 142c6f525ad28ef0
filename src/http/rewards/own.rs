//! Is this reward theirs? The one place that says so.
//!
//! A reward that does not exist and one of somebody else are answered the same, after the same
//! work: nobody learns from the answer which it was (T5, T18).
//!
//! Rows: R5, F5.

use domain::ids::{MemberId, RewardId};
use domain::reward::{MilestoneReached, Reward};

use crate::http::problem::{Code, Problem};
use crate::http::state::AppState;

/// A member's own reward as the ledger has it now.
#[derive(Debug)]
pub struct Own {
    /// Its state.
    pub reward: Reward,
    /// How it came about.
    pub reached: MilestoneReached,
}

/// Loads a reward that must be this member's.
///
/// # Errors
/// `not_found` when it is not, or does not exist.
pub async fn own(state: &AppState, member: MemberId, id: RewardId) -> Result<Own, Problem> {
    let reward = state.ledger.load::<Reward>(&id.to_string()).await?.state;
    match reward.reached().cloned() {
        Some(reached) if reached.member_id == member => Ok(Own { reward, reached }),
        Some(_) | None => Err(Problem::new(Code::NotFound)),
    }
}
