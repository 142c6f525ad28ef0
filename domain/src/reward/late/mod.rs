//! What becomes of value that surfaced for an attempt that had been settled otherwise?
//!
//! Another value may have been given meanwhile, so what surfaced is a loss from the moment it is
//! found, and never a second reward. The partner is asked to take it back, the intent on record
//! first; what it takes back is no loss any more, and the rest is one for good. Each late value
//! ends in exactly one of the two, or in both by parts.
//!
//! - `decide`: what is late, and what a partner's answers mean; `evolve`: what is known of each
//! - `event`: what is recorded of it

mod decide;
mod event;
mod evolve;
#[cfg(test)]
mod tests;

pub use decide::LateCommand;
pub(super) use decide::found_late;
pub use event::*;
pub use evolve::{LateState, LateValue};
