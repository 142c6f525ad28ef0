//! What is true in Anchor: events, the rules that make them, and nothing else. No database, no
//! HTTP, no clock.
//!
//! # Map
//!
//! | aggregate | guards |
//! | --- | --- |
//! | [`journey`] | when it started, in whose midnight, and that starting again takes nothing away |
//! | [`reward`] | one reward per milestone, one value per reward, nobody else asked while unknown |
//! | [`partner`] | nothing is issued through a partner that is not active |
//! | [`partner_account`] | only a verified account takes a credit |
//! | [`member`] | contact, consent, and being forgotten |
//! | [`partner_statement`] | a partner's books are compared once, and no difference is lost |
//! | [`period`] | a closed month stays as it was |
//! | [`settlement`] | a line of our bank's counts once |
//!
//! Beside them: [`policy`] (which milestone is due), [`clean_days`] (whose midnight), [`money`],
//! [`sealed`] (what nobody here can read), [`ids`], and [`event`] (one enum over all of it).

pub mod aggregate;
pub mod clean_days;
#[cfg(test)]
mod clean_days_tests;
pub mod event;
#[cfg(test)]
mod event_tests;
pub mod ids;
pub mod journey;
pub mod member;
pub mod money;
#[cfg(test)]
mod money_tests;
pub mod partner;
pub mod partner_account;
pub mod partner_statement;
pub mod period;
pub mod policy;
#[cfg(test)]
mod policy_tests;
pub mod reward;
pub mod sealed;
pub mod settlement;

pub use event::{AnchorEvent, DecodeError};
