//! What should people look at? Found by watches, shown with what to do, gone once it is mended.
//!
//! - [`watch`]: each kind of thing that goes wrong, as a question to the database
//! - [`store`]: raised once, acknowledged by a person, resolved by what mends the cause
//!
//! *Why they are no events*: an alert says nothing that the log, the inbox and the checkpoints do
//! not say; it is found again after it was deleted. What a person does about it is an event of
//! whatever it is done to.
//!
//! Rows: W4, D1, D3, D4.

pub mod store;
pub mod watch;

pub use store::{Acknowledged, Alert, AlertFilter, Found};
