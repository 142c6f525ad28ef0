//! The write side: the only place that appends events.
//!
//! ```text
//! Ledger::execute ─▶ cqrs-es ─▶ LedgerStore ─▶ engine ─┬▶ loader    many streams a query
//!   retry on conflict  decide     bytes to events       └▶ appender  many commands a call
//! ```
//!
//! A command is loaded for, decided and appended; whoever else is doing the same at that moment
//! shares the round trip and the commit. Each command succeeds or conflicts on its own.
//!
//! *Why a store of its own on postgres-es's table*: the table contract is postgres-es's, and its
//! repository may write beside, slower and with the same guarantees; but behind cqrs-es's persisted
//! store every event is a tree of JSON values on its way in and out. Around it, this process spent
//! some 50 µs on a command; without, 64 callers do a tenth more, and three events a command a
//! fifth. *Why not its snapshots, aggregate store, replay and queries*: in 0.5 they apply events
//! twice, lose them on a lost connection, or forget them in a crash.
//!
//! *Why a caller may do its own round trips*: alone, it would wake two tasks for nothing, which is
//! a tenth of what its command takes. As soon as there are two, they go through the queues.
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
mod given_values;
mod loader;
pub mod reach;
mod store;

pub use context::Context;
pub use engine::EngineLimits;
pub use error::{ExecuteError, LedgerError, LoadError};
pub use execute::{Executed, Ledger, Loaded};
pub use given_values::ValueName;
