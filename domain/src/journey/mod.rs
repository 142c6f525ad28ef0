//! A member's journey: when it started, in whose midnight, and whether it started again.
//!
//! The Anchor app's backend reports it. The first report starts journey 1; the same report again is
//! nothing new; another start date corrects it, with a reason, and takes back no reward. A restart
//! closes the journey and begins the next one: what was earned stays, counting starts again, and
//! nobody is blamed. Closed journeys are kept, because a milestone that was reached before a
//! restart was reported is still owed.

mod aggregate;
mod command;
mod error;
mod event;
#[cfg(test)]
mod tests;

pub use aggregate::{Journey, JourneyRun};
pub use command::JourneyCommand;
pub use error::JourneyError;
pub use event::*;
