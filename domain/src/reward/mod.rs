//! (story)

mod event;
mod event_issuing;
mod event_using;

pub use event::*;
