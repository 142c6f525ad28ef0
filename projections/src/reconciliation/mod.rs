//! What was issued, spent and is still out, by partner?
//!
//! Table `reconciliation`: what moved at each partner on each business day. The summary is asked of
//! the journal, as of any position, so it can be given for any moment that was.

mod project;
pub mod query;

pub use project::{NAME, Reconciliation};
