//! What was issued, spent and is still out? `/api/reconciliation`, for finance.
//!
//! Rows: A1, A4, Q2.

mod summary;

pub use summary::*;
