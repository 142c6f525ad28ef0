//! What do support workers see and do? `/api/support`.
//!
//! Rows: W4.

mod alerts;
mod security_events;

pub use alerts::*;
pub use security_events::*;
