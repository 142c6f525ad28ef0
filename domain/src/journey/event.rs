//! What happened to a journey. The stream's id is the member's.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// The member's first journey was reported by the Anchor app's backend (M1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JourneyStarted {
    /// The first clean day, as a local date.
    pub started_on: NaiveDate,
    /// The member's own IANA zone: their days begin at its midnight.
    pub time_zone: Tz,
    /// 1 for the first journey, one more after each restart.
    pub journey_number: u32,
    /// The local date on which it was reported; days before it were brought along (M2).
    pub reported_on: NaiveDate,
    /// When it was reported.
    pub occurred_at: DateTime<Utc>,
}

/// The start date had been reported wrongly and is put right. Takes back no reward.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JourneyCorrected {
    /// The right first clean day.
    pub started_on: NaiveDate,
    /// What had been reported.
    pub previous_started_on: NaiveDate,
    /// The journey that is corrected.
    pub journey_number: u32,
    /// The local date of the correction.
    pub reported_on: NaiveDate,
    /// When it was corrected.
    pub occurred_at: DateTime<Utc>,
}

/// Counting starts again; what was earned stays (M2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JourneyRestarted {
    /// The new first clean day, as a local date; may lie in the past.
    pub started_on: NaiveDate,
    /// One more than the journey before.
    pub journey_number: u32,
    /// The local date on which it was reported.
    pub reported_on: NaiveDate,
    /// When it was reported.
    pub occurred_at: DateTime<Utc>,
}

/// The member lives by another zone from here on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TimeZoneChanged {
    /// The new IANA zone.
    pub time_zone: Tz,
    /// The one before.
    pub previous_time_zone: Tz,
    /// When it was reported.
    pub occurred_at: DateTime<Utc>,
}

crate::event::events! {
    /// Events of a journey.
    JourneyEvent of "journey" {
        JourneyStarted "1.0",
        JourneyCorrected "1.0",
        JourneyRestarted "1.0",
        TimeZoneChanged "1.0",
    }
}
