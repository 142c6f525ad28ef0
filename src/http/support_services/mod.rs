//! Who helps, now? `/api/support-services`: people to talk to, for everybody, whatever else is
//! down.
//!
//! Rows: P5.

mod list;

pub use list::*;
