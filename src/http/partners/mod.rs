//! Who can give something? `/api/partners`, for everybody; and a member's own link with one.
//!
//! Rows: Q2, P6.

mod body;
mod link;
mod list;
mod show;

pub use body::{PartnerBody, ProductBody, is_available};
pub use link::*;
pub use list::*;
pub use show::*;
