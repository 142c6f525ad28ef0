//! How many clean days is it, and when does a day begin? By the member's own calendar.
//!
//! Clean days are whole local days since the start. Day n begins at local midnight of the member's
//! zone, or at the first instant of that date where a clock change leaves midnight out. Where the
//! clock goes back over midnight, the day begins the first time.
//!
//! Rows: M1.

use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;

/// The date on which `at` falls in this zone.
#[must_use]
pub fn local_date(at: DateTime<Utc>, zone: Tz) -> NaiveDate {
    at.with_timezone(&zone).date_naive()
}

/// The first instant of `date` in this zone.
#[must_use]
pub fn start_of_day(date: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let midnight = date.and_time(NaiveTime::MIN);
    if let Some(found) = zone.from_local_datetime(&midnight).earliest() {
        return found.with_timezone(&Utc);
    }
    first_instant_after_gap(date, zone)
}

/// Midnight does not exist: the clock jumps over it, and the day begins with the jump. The jump is
/// where the offset changes, found by halving the day around it.
fn first_instant_after_gap(date: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let noon_before = date.and_time(NaiveTime::MIN).and_utc() - Duration::hours(36);
    let (mut before, mut after) = (noon_before, noon_before + Duration::hours(72));
    while local_date(before, zone) >= date {
        before -= Duration::hours(24);
    }
    while after - before > Duration::seconds(1) {
        let middle = before + (after - before) / 2;
        if local_date(middle, zone) < date { before = middle } else { after = middle }
    }
    let offset_seconds = zone.offset_from_utc_datetime(&after.naive_utc()).fix();
    debug_assert!(local_date(after, zone) >= date, "the jump ends on the date ({offset_seconds})");
    DateTime::from_timestamp(after.timestamp(), 0).unwrap_or(after)
}

/// Whole local days since `started_on`; negative before it.
#[must_use]
pub fn clean_days(started_on: NaiveDate, zone: Tz, at: DateTime<Utc>) -> i64 {
    (local_date(at, zone) - started_on).num_days()
}
