//! A member's account or card at a partner: asked for, linked, verified, and ended.
//!
//! Only a verified account can take a credit. An account that is unlinked stays so: linking again
//! is a new stream, with the next link number.

mod aggregate;
mod command;
mod error;
mod event;
pub mod number;
#[cfg(test)]
mod number_tests;
#[cfg(test)]
mod tests;

pub use aggregate::{PartnerAccount, VerificationStatus};
pub use command::PartnerAccountCommand;
pub use error::PartnerAccountError;
pub use event::*;
