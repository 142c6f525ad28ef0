//! What the Anchor app's backend reports of a member: `/api/members/{id}`, for services alone.
//!
//! Rows: M1, M2, C2.

mod contact;
mod journey;
mod restart;

pub use contact::*;
pub use journey::*;
pub use restart::*;
