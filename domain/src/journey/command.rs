//! What may be asked of a journey.

use chrono::NaiveDate;
use chrono_tz::Tz;

/// What the Anchor app's backend reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JourneyCommand {
    /// This is the member's journey. New, the same, or corrected.
    Report {
        /// The first clean day, as a local date.
        started_on: NaiveDate,
        /// The member's zone.
        time_zone: Tz,
        /// Whether a reason was given: another start date than before needs one.
        reason_given: bool,
    },
    /// Counting starts again.
    Restart {
        /// The new first clean day, as a local date.
        on: NaiveDate,
    },
}
