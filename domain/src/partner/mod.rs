//! A partner: what the catalogue says of it, and whether value may be issued through it.
//!
//! It is registered when the catalogue first names it, described anew when the catalogue changes,
//! and becomes active once every step of its [`onboarding`] is passed (a sandbox on this machine at
//! once: no real value can flow through it). Suspended it issues nothing for now, deactivated
//! nothing any more.

mod aggregate;
mod command;
mod error;
mod event;
mod onboarding;
mod product;
#[cfg(test)]
mod tests;

pub use aggregate::{Partner, PartnerStatus, SANDBOXED};
pub use command::PartnerCommand;
pub use error::PartnerError;
pub use event::*;
pub use onboarding::{Attestation, Certificate, NotAStep, Passed, Step};
pub use product::{Product, ProductRules, SafetyTag};
