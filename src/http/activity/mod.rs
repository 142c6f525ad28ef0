//! What happened, in order? `/api/activity`, for staff, and for a partner's people as far as it is
//! theirs.
//!
//! Rows: Q2, F5.

mod list;

pub use list::*;
