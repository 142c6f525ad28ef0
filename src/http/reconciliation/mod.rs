//! What was issued, spent and is still out, and do partners say the same? `/api/reconciliation`,
//! for finance; a partner's people see their own statements and what differs in them.
//!
//! Rows: A1, A2, A3, A4, A6, Q2.

mod bank;
mod breaks;
mod journal;
mod moment;
mod periods;
mod reports;
mod statements;
mod summary;
mod three_way;

pub use bank::*;
pub use breaks::*;
pub use journal::*;
pub use periods::*;
pub use reports::*;
pub use statements::*;
pub use summary::*;
pub use three_way::*;
