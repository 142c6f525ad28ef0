//! Which webhooks could not be applied, and what becomes of them? `/api/support/webhooks`.
//!
//! A webhook is named `partner:its-own-id`; its body is shown to nobody. What is decided is kept
//! with the person's id, longer than the inbox keeps bodies.
//!
//! Rows: W6.

mod decide;
mod list;
mod name;

pub use decide::*;
pub use list::*;
pub use name::{ParkingId, WebhookId};
