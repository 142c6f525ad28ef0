//! How does a reward get its value from a partner, once? One reward, one step at a time.
//!
//! ```text
//! due in reward_todo ─▶ step ─┬▶ choose   which partner; or wait for an account; or give up  [D1
//! D3]
//!                             ├▶ request  the intent, durable before any byte leaves         [D4]
//!                             ├▶ send     the same bytes under the same key, and what came back
//!                             ├▶ resolve  ask by our reference; "not found" is not yet a no
//!                             └▶ void     ask to take a voucher back, if support wants it    [R6]
//! ```
//!
//! The todo row only says *that* something is due. What it is, [`step`] reads from the reward's own
//! stream, so a lagging or doubled row costs a look and nothing else.
//!
//! *Guarantees*: the intent is committed before the call; every repeat sends the same bytes under
//! the same key at the same partner; a second partner is asked only after a definite no; no send
//! begins after its deadline; no database connection is held during a call.

mod account;
pub(super) mod backoff;
mod belonging;
mod choose;
mod inactive;
mod record;
mod resolve;
mod send;
mod step;
#[cfg(test)]
mod tests;
mod void;
mod worker;

pub(super) use send::send_deadline;
pub use worker::IssueReward;
