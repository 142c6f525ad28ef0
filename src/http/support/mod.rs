//! What waits for a person, and what can they do about it? `/api/support`, for the support team.
//!
//! Every action names what it acts on and why ([`reason`]), can be done once, and is on record with
//! the person's id. A second call is answered with what the first one came to.
//!
//! Rows: R6, W4, W6.

mod alerts;
pub mod reason;
pub mod rewards;
mod security_events;
pub mod webhooks;

pub use alerts::*;
pub use security_events::*;
