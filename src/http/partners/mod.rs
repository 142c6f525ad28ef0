//! Who can give something? `/api/partners`, for everybody; and a member's own link with one.
//!
//! Rows: Q2, P6.

mod authorize;
mod body;
mod callback;
mod link;
mod linked;
mod list;
mod show;

pub use authorize::*;
pub use body::{PartnerBody, ProductBody, is_available};
pub use callback::*;
pub use link::*;
pub use linked::{Linked, can_be_asked};
pub use list::*;
pub use show::*;
