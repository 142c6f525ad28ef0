//! Which link needs a hand, and when?
//!
//! Table `account_todo`, one row per link: asked for and not yet confirmed by the partner, no
//! longer agreed to, or ended with something to give back. A withdrawal of consent makes every link
//! with that partner due.

mod project;
pub mod query;

pub use project::{AccountTodo, NAME};
