//! What does finance read of a day, a week, a month or a quarter? Made from the log, and from
//! nothing else.
//!
//! ```text
//! log up to a position ─▶ Gathering ─▶ Figures ─▶ kinds ─▶ Report ─▶ format
//!        (ask)              fold         pure      pure      table     bytes
//! ```
//!
//! *Guarantees*: a report depends on the log up to its position, on the period and on this program
//! alone: not on when, where or by whom it is printed. So a closed month is printed again byte for
//! byte. What cannot be answered is an error ([`ReportError`]), never an empty report. Each says
//! what it rests on: position, time, policy versions, and the digest of its figures.
//!
//! Rows: A1, A3, A6, A7.

mod ask;
mod compliance;
mod expected;
mod figures;
mod float_proof;
pub mod format;
mod gather;
mod kinds;
mod model;
mod seal;
#[cfg(test)]
mod tests;

pub use ask::{Asked, ReportError, figures_of, sealed_at};
pub use figures::Figures;
pub use gather::Gathering;
pub use kinds::report;
pub use model::{Cell, Report, ReportKind, RestsOn, Section};
pub use seal::digest;
