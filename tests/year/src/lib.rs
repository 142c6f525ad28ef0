//! What does a year with many members come to, in our log and in the partners' books?
//!
//! Each member's year is decided by the real domain, command by command; beside every event that
//! moves value stands the line that the partner would write, made from what happened and not from
//! the event. The same seed gives the same year. Differences are planted afterwards, in the
//! partners' books alone, so that it is known what there is to be found.
//!
//! - [`life`]: what one member does, as events and as lines
//! - [`books`]: the partners' days, and their files
//! - [`planted`]: what is put wrong in them
//!
//! Rows: A2, A3.

pub mod books;
pub mod life;
pub mod planted;
#[cfg(test)]
mod tests;

use chrono::{DateTime, NaiveDate, TimeZone, Utc};
use chrono_tz::Tz;
use domain::ids::{PartnerId, RewardId};
use domain::policy::Policies;
use domain::reward::{FundingModel, RewardEvent, ValueKind};
use rand::SeedableRng;
use rand::rngs::StdRng;

pub use books::{Books, Line, Paper};
pub use planted::Planted;

/// A partner, as far as its value is concerned.
#[derive(Debug, Clone)]
pub struct Shop {
    /// Who.
    pub id: PartnerId,
    /// What it gives.
    pub gives: ValueKind,
    /// Who pays for it, and when.
    pub funding_model: FundingModel,
    /// Whose midnight ends its days.
    pub time_zone: Tz,
    /// A movement that no line speaks of is overdue after so many days.
    pub overdue_after_days: u32,
}

/// How much of a year.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    /// How many members live through it.
    pub members: usize,
    /// Which year, from its first day to its last.
    pub year: i32,
    /// Chance comes from here.
    pub seed: u64,
}

/// An event of a reward, in its place.
#[derive(Debug, Clone)]
pub struct Happened {
    /// Of which reward.
    pub reward: RewardId,
    /// Its place in that reward's stream, from 1.
    pub sequence: i64,
    /// When it was decided.
    pub at: DateTime<Utc>,
    /// What.
    pub event: RewardEvent,
}

/// A year.
#[derive(Debug)]
pub struct Year {
    /// What happened, in the order in which it was decided.
    pub events: Vec<Happened>,
    /// The same as the partners know it.
    pub books: Books,
}

impl Year {
    /// Lives through one.
    #[must_use]
    pub fn of(extent: Extent, shops: &[Shop], policies: &Policies) -> Self {
        let mut dice = StdRng::seed_from_u64(extent.seed);
        let (mut events, mut lines) = (Vec::new(), Vec::new());
        for _ in 0..extent.members {
            let mut life = life::Life::begin(&mut dice, extent.year, shops);
            life.live(policies);
            events.append(&mut life.events);
            lines.append(&mut life.lines);
        }
        // Sorting is stable: what was decided in one instant stays in its order.
        events.sort_by_key(|happened: &Happened| happened.at);
        Self { events, books: Books::of(lines, extent.year, shops) }
    }
}

/// The first and the last day of a year.
///
/// # Panics
/// In no year of this calendar.
#[must_use]
pub fn days_of(year: i32) -> (NaiveDate, NaiveDate) {
    let day = |month, day| NaiveDate::from_ymd_opt(year, month, day).expect("a day of that year");
    (day(1, 1), day(12, 31))
}

/// An instant of a local day, by the second, during the hours of trade: no clock is put on or back
/// then.
///
/// # Panics
/// In no hour of trade.
#[must_use]
pub fn instant(day: NaiveDate, second: u32, zone: Tz) -> DateTime<Utc> {
    let opening = day.and_hms_opt(8, 0, 0).expect("a morning");
    let local = opening + chrono::Duration::seconds(i64::from(second));
    zone.from_local_datetime(&local).single().expect("one such instant").with_timezone(&Utc)
}
