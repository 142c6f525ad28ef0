//! What has a member been given?
//!
//! Table `rewards`, one row per reward: its status, where it came from, what is left of it, and a
//! plain sentence for the member. Codes are there as ciphertext alone. Events: all of the reward.

mod details;
mod project;
pub mod query;
mod row;
#[cfg(test)]
mod tests;

pub use project::{NAME, Rewards};
