//! The write side: the only place that appends events.
//!
//! ```text
//! Ledger::execute ─▶ cqrs-es ─▶ LedgerRepository ─▶ engine ─┬▶ loader    many streams a query
//!   retry on conflict  decide     around the stock one      └▶ appender  many commands a call
//! ```
//!
//! A command is loaded for, decided and appended; whoever else is doing the same at that moment
//! shares the round trip and the commit. Each command succeeds or conflicts on its own.
//!
//! *Why around postgres-es's repository and not instead of it*: its table contract and everything
//! not overridden stay in use, and the stock repository may write to the same table, slower and
//! with the same guarantees. *Why not its snapshots, aggregate store, replay and queries*: in 0.5
//! they apply events twice, lose them on a lost connection, or forget them in a crash.
//!
//! *Why no snapshots*: streams are short. A reward has some fifteen events and one for each look at
//! its code, a journey one for each new start, an account a bill and a payment a month; five
//! hundred would take decades, or somebody who means it. `benches/execute.rs` tells what a long
//! stream costs.
//!
//! *Guarantees*: what was answered is durable; positions are dense and in commit order; a lost
//! answer is looked up by command id and never guessed; a conflict reaches the loser alone.

mod append_calls;
mod append_queue;
mod appender;
mod context;
mod engine;
mod error;
mod execute;
mod loader;
pub mod reach;
mod store;

pub use context::Context;
pub use engine::EngineLimits;
pub use error::{ExecuteError, LedgerError, LoadError};
pub use execute::{Executed, Ledger, Loaded};
