//! Who helps, now? `/api/support-services`: people to talk to, for everybody, whatever else is
//! down; and, for a member who agrees, a service that gets in touch.
//!
//! Rows: P5.

mod list;
mod refer;

pub use list::*;
pub use refer::*;
