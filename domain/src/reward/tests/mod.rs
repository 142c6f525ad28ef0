//! Given these events, when this command, then these events or this refusal.

mod credits;
#[allow(missing_docs, reason = "the tests read like sentences")]
pub(in crate::reward) mod given;
mod issuing;
mod orders;
mod properties;
mod reaching;
mod using;
