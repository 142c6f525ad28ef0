//! Which rewards wait, for what, and since when?
//!
//! Table `support_rewards`, one row per reward: where it stands and since when, its last attempt
//! and how that stands, a void that is under way, and the last reason that anybody gave by a code.
//! Nothing sealed is in it. Events: all of the reward.

mod project;
pub mod query;
#[cfg(test)]
mod tests;

pub use project::{NAME, SupportRewards};
