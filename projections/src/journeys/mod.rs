//! Where does each member's journey stand?
//!
//! Table `journeys`, one row per member. Events: all of the journey.

mod project;
pub mod query;

pub use project::{Journeys, NAME};
