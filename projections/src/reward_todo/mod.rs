//! Which reward needs a hand, and when?
//!
//! Table `reward_todo`, one row per reward. The step and its instant come from events alone, so a
//! rebuild restores every timer; workers only move `next_at` on by their lease.
//!
//! | after | step | due |
//! | --- | --- | --- |
//! | reached, released, refused, credit returned | choose | at once |
//! | a choice reached, held, failed | manual or done | never |
//! | an account awaited | wait_account, then choose | when one is verified, and after a minute |
//! | a partner chosen, not found there | issue | at once |
//! | deferred | issue | at `retry_at` |
//! | requested, repeated, unknown | resolve | at `resolve_at` |
//! | a voucher issued | expire | at `expires_at` |
//! | a redemption reversed | expire | at once: whoever looks says when again |

mod project;
pub mod query;
#[cfg(test)]
mod tests;

pub use project::{NAME, RewardTodo};
