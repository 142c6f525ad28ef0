//! Which accounts has a member linked, and which are verified?
//!
//! Table `user_partner_accounts`, one row per link. Numbers are ciphertext, with a masked copy
//! beside.

mod project;
pub mod query;

pub use project::{NAME, UserPartnerAccounts};
