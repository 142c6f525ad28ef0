//! May a member be told now? Not at night: what comes then waits for nine in the morning, where
//! they live.
//!
//! Rows: U4, M4, M5.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeZone, Timelike, Utc};
use chrono_tz::Tz;

/// From this local hour on.
const FIRST_HOUR: u32 = 9;
/// Up to this one.
const LAST_HOUR: u32 = 20;

/// When a message that is ready `now` may leave: now, or at the next 09:00 in `zone`.
#[must_use]
pub fn may_leave_at(now: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
    let local = now.with_timezone(&zone);
    if (FIRST_HOUR..LAST_HOUR).contains(&local.hour()) {
        return now;
    }
    let today = local.date_naive();
    let is_evening = local.hour() >= LAST_HOUR;
    let day = if is_evening { today.checked_add_days(Days::new(1)) } else { Some(today) };
    morning_of(day.unwrap_or(today), zone).unwrap_or(now)
}

/// Clocks are changed at night; should a zone ever change its own in the morning, the earlier
/// reading counts, and a time that was left out is none.
fn morning_of(day: NaiveDate, zone: Tz) -> Option<DateTime<Utc>> {
    let nine = NaiveTime::from_hms_opt(FIRST_HOUR, 0, 0)?;
    let local = zone.from_local_datetime(&day.and_time(nine)).earliest()?;
    Some(local.with_timezone(&Utc))
}
