//! A reward: from the day it was reached to the last cent that was spent of it.
//!
//! Its stream begins with `MilestoneReached`, under an id that follows from member, milestone and
//! cycle: there is one, for ever. Then a partner is chosen (or claimed), the intent is written
//! down, the partner asked, and what it answered recorded. An answer that did not come leaves the
//! attempt open, and nobody else is asked until it is settled. A voucher lives on: seen, spent in
//! part or in full, expired or voided; a credit is settled or comes back.
//!
//! - `states`: what may follow what, as one table
//! - `aggregate`: the state, and where each command's rule is
//! - `decide_reaching`, `decide_issuing`, `decide_using`: the rules; `evolve`: what events change
//! - `late`: value that surfaces for an attempt that had been settled otherwise
//! - `support`: what people can do for a reward that is stuck, and what a void is

mod aggregate;
mod command;
mod decide_issuing;
mod decide_reaching;
mod decide_using;
mod error;
mod event;
mod event_issuing;
mod event_using;
mod evolve;
mod late;
mod states;
mod support;
#[cfg(test)]
mod tests;

pub use aggregate::{Attempt, AttemptState, Chosen, IssuedCredit, IssuedVoucher, Refusal, Reward};
pub use command::{ReachMilestone, RecordVoucher, RewardCommand};
pub use error::RewardError;
pub use event::*;
pub use late::*;
pub use states::RewardStatus;
pub use support::*;
