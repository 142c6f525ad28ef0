//! Whose journey wants a look, and when?
//!
//! Table `journey_todo`, one row per member. Anything that happens to a journey makes it due at
//! once; whoever looked says when to look again. Derived from the log and droppable: rebuilt, every
//! journey is looked at once more, which changes nothing.

mod project;
pub mod query;

pub use project::{JourneyTodo, NAME};
