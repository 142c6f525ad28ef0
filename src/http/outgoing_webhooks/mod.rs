//! Which other systems are told of what happens here? `/api/outgoing-webhooks`, for administrators.
//!
//! An endpoint is entered with an address and what it wants to be told of; its secret is shown
//! then, and when it is changed, and never again. Every notice is a delivery, with what became of
//! it.
//!
//! Rows: U4, Q2, F5.

mod deliveries;
mod enter;
mod list;
mod remove;
mod resend;
mod rotate;
mod shown;

pub use deliveries::*;
pub use enter::*;
pub use list::*;
pub use remove::*;
pub use resend::*;
pub use rotate::*;
