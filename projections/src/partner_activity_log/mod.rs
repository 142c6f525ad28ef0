//! What happened, in order, for people?
//!
//! Table `partner_activity_log`, one row per event of any kind, nothing sealed in it. An event that
//! cannot be shown is set aside, and the others go on: no money depends on this table.

mod project;
pub mod query;

pub use project::{NAME, PartnerActivityLog};
