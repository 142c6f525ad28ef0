//! Which rule of a journey refused?

use chrono::NaiveDate;

/// Why a report was refused. A refusal changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JourneyError {
    /// Report a day that has begun where the member lives.
    #[error("{day} is after today, which is {today} for the member")]
    AfterToday {
        /// What was reported.
        day: NaiveDate,
        /// The member's local date.
        today: NaiveDate,
    },
    /// Report a day of this century.
    #[error("{day} is before the year 2000")]
    TooLongAgo {
        /// What was reported.
        day: NaiveDate,
    },
    /// Say why the start date is another one than before.
    #[error("a correction from {from} to {to} needs a reason")]
    ReasonMissing {
        /// What had been reported.
        from: NaiveDate,
        /// What is reported now.
        to: NaiveDate,
    },
    /// Report the journey first.
    #[error("no journey has been reported yet")]
    NotStarted,
    /// A new start lies after the one before; report a correction instead.
    #[error("a new start on {on} does not come after the one on {started_on}")]
    NotAfterStart {
        /// The restart's date.
        on: NaiveDate,
        /// When the present journey started.
        started_on: NaiveDate,
    },
}
