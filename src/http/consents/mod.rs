//! What does a member agree to? `/api/consents`: asked before anything of theirs goes to a partner,
//! and taken back at any time.
//!
//! Rows: C1.

mod change;
mod list;
mod texts;

pub use change::*;
pub use list::*;
pub use texts::{agreed, asked};
