//! What is true in Anchor: events, the rules that make them, and nothing else. No database, no HTTP,
//! no clock.

pub mod event;
pub mod ids;
pub mod journey;
pub mod member;
pub mod money;
pub mod partner;
pub mod partner_account;
pub mod reward;
pub mod sealed;

pub use event::{AnchorEvent, DecodeError};
