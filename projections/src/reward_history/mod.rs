//! What happened to a reward, and who did it?
//!
//! Table `reward_history`, one row per event of a reward. Nothing sealed is in it.

mod project;
pub mod query;

pub use project::{NAME, RewardHistory};
