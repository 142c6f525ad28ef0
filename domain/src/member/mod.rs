//! (story)

mod event;

pub use event::*;
