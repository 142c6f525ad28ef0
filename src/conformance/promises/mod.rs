//! What does the published protocol promise? One file for each thing that is tried.
//!
//! - [`token`]: who gets one, and for how long it is good
//! - [`orders`]: one value for an order, whatever is repeated
//! - [`refusals`]: a no in documented words
//! - [`accounts`]: whose an account is, and what is told of it
//! - [`referrals`]: the support services' own
//! - [`notices`]: webhooks; [`statement`]: the books of the day
//!
//! Rows: P7.

pub mod accounts;
pub mod notices;
pub mod orders;
pub mod referrals;
pub mod refusals;
pub mod statement;
pub mod token;
