//! What was issued, spent and is still out, and do partners say the same? `/api/reconciliation`,
//! for finance; a partner's people see their own statements and what differs in them.
//!
//! Rows: A1, A2, A4, Q2.

mod breaks;
mod statements;
mod summary;

pub use breaks::*;
pub use statements::*;
pub use summary::*;
