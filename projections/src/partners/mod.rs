//! Who can give something?
//!
//! Table `partners`, one row per partner of the catalogue: what people may know of it, and whether
//! it is active. Credentials are not here. Events: all of the partner.

mod project;
pub mod query;

pub use project::{NAME, Partners};
