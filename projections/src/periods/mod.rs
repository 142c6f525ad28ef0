//! Which months are closed, and under which seal?
//!
//! Table `periods`: a closed month, the position that its figures rest on, and their digest. What
//! is not there is open.

mod project;
pub mod query;

pub use project::{NAME, Periods};
