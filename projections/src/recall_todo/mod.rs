//! Which value that surfaced late is still to be taken back, and when is its partner asked?
//!
//! Table `recall_todo`, one row per reward that ever had one. Apart from `reward_todo`, whose rows
//! say where the reward itself stands: what surfaced late changes nothing of that.

mod project;
pub mod query;

pub use project::{NAME, RecallTodo};
