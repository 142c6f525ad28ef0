//! A partner's daily statement: what it says, how it compares with ours, and what became of each
//! difference.
//!
//! ```text
//! StatementImported ─▶ LinesMatched ─┬─▶ nothing open
//!                                    └─▶ BreakOpened ─▶ BreakAssigned ─▶ BreakExplained
//!                                          ├─▶ BreakResolved   the cause is mended
//!                                          └─▶ BreakForced     the books go on without it
//! ```
//!
//! One stream for each (partner, business date, sequence). The same bytes again change nothing;
//! another file of that name is refused; a corrected one has a higher sequence and supersedes.
//! [`match_statement`] compares, and is a pure function: the events hold what it found.
//!
//! Rows: A2.

mod aggregate;
mod breaks;
mod command;
mod error;
mod event;
mod matching;
mod movement;
mod signed;
mod suspense;
#[cfg(test)]
mod tests;

pub use aggregate::PartnerStatement;
pub use breaks::{Break, BreakKind, BreakOutcome, BreakState};
pub use command::{ImportStatement, StatementCommand};
pub use error::StatementError;
pub use event::*;
pub use matching::{
    Found, MatchedLine, Matching, OwnMovement, TOP_UP_DAYS, Terms, match_statement,
};
pub use movement::{Movement, MovementKind, amount};
pub use suspense::{Suspended, off_by_cents};
