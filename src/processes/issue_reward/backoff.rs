//! When is it tried again? Exponential back-off with full jitter, within an hour.
//!
//! The instant is computed once, when the outcome is recorded, and stands in the event: a rebuild
//! restores every timer exactly, and no instance keeps one in memory.
//!
//! Rows: D1.

use chrono::Duration;
use rand::RngExt;

const FIRST_SECONDS: i64 = 5;
const LONGEST_SECONDS: i64 = 3_600;
/// How soon and how late somebody looks after a reward that waits for an account.
const LOOKED_AFTER_HOURS: [i64; 2] = [1, 7 * 24];

/// How long to wait after the `times`-th failure in a row (from 1), and never less than the partner
/// asked for.
pub fn wait(times: u32, asked_for: Option<std::time::Duration>) -> Duration {
    let ceiling = ceiling_seconds(times);
    let jittered = rand::rng().random_range(1..=ceiling);
    let asked = asked_for.and_then(|wait| i64::try_from(wait.as_secs()).ok()).unwrap_or(0);
    Duration::seconds(jittered.max(asked.min(LONGEST_SECONDS)))
}

/// The longest that the `times`-th wait can be.
pub fn ceiling_seconds(times: u32) -> i64 {
    let doubled = FIRST_SECONDS.saturating_mul(1_i64 << times.clamp(1, 20).saturating_sub(1));
    doubled.min(LONGEST_SECONDS)
}

/// How long a reward rests that has waited so long for an account: as long again, within bounds. A
/// new account wakes it; this only looks whether one went by, and what waits for months would keep
/// the workers busy.
pub fn still_waiting(waited: Duration) -> Duration {
    let [soonest, latest] = LOOKED_AFTER_HOURS.map(Duration::hours);
    waited.clamp(soonest, latest)
}
