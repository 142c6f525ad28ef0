//! Who can give something? `/api/partners`, for everybody.
//!
//! Rows: Q2, P6.

mod body;
mod list;
mod show;

pub use body::{PartnerBody, ProductBody, is_available};
pub use list::*;
pub use show::*;
