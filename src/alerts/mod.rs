//! What should people look at? Kept from the moment a watch finds it until it is mended.
//!
//! [`store`] is the table: raised once, acknowledged by a person, resolved by what mends the cause.
//! The watches are in [`crate::processes::raise_alerts`].
//!
//! *Why they are no events*: an alert says nothing that the log, the inbox and the checkpoints do
//! not say; it is found again after it was deleted. What a person does about it is an event of
//! whatever it is done to.
//!
//! Rows: W4, D1, D3, D4.

pub mod store;

pub use store::{Acknowledged, Alert, AlertFilter, Found};
