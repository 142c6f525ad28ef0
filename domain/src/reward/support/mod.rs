//! What can support do for a reward, within what the ledger allows?
//!
//! Six actions, each on a named attempt, each done once: retry, redirect, cancel, void, reissue and
//! resolve. A refusal changes nothing. None of them opens a second way to value: whatever may have
//! arrived at a partner is settled first, and a voucher is replaced only once the partner has
//! confirmed that it can no longer be spent.
//!
//! - `action`: which actions there are, and what became of those that were done
//! - `decide`: retry, redirect, cancel and reissue
//! - `resolve`: two people settle an outcome that nobody saw
//! - `void`: a voucher is taken back; asked for, and believed only when the partner says so
//! - `event`: what is recorded of all that; `evolve`: what it changes

mod action;
mod decide;
mod event;
mod evolve;
mod resolve;
#[cfg(test)]
mod tests;
mod void;

pub use action::{ActResult, AttestedOutcome, SupportAct, SupportAction, SupportCommand};
pub use event::*;
pub use resolve::STATEMENT_HOURS;
pub use void::OpenVoid;
