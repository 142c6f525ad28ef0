//! What did partners tell us, and what became of it? Durable first, then answered, then worked on.
//!
//! - [`store`]: one row per (partner, id), for ever; the body sealed
//! - `intake`: how many of them share one commit
//! - [`process`]: takes what is due and turns it into commands
//! - [`apply`]: which notice becomes which command
//! - [`park`]: what cannot be applied, with its reason; [`decide`]: what people did with it
//! - [`security`]: who knocked with a wrong key
//!
//! *Guarantees*: answered 202 only when durable; worked on at least once, with one effect, because
//! the ledger knows every redemption by its id; a cause that is not there yet is waited for.

pub mod apply;
pub mod decide;
mod intake;
mod onboarding;
pub mod park;
pub mod process;
pub mod security;
pub mod store;
#[cfg(test)]
mod tests;

pub use process::Worker;
pub use store::{AcceptedAs, Inbox, InboxError, Received};
