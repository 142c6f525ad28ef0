//! Which accounts are mine, and what do their partners say of them? `/api/accounts`.
//!
//! What a partner says is passed on at once and kept nowhere.
//!
//! Rows: R4, P2, P3, P4, C1.

mod ask;
mod list;

pub use ask::*;
pub use list::*;
