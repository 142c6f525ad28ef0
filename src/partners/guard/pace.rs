//! May this call go out now? So many a minute, evenly, after a short burst; and none before the
//! partner's own `Retry-After` is over.
//!
//! Rows: D1.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What of a minute's calls may come at once.
const BURST_SHARE: u32 = 10;

struct Kept {
    /// When the next call would be due if all came evenly.
    due: Instant,
    /// No call before this, by the partner's own word.
    not_before: Option<Instant>,
}

/// The pace of one partner.
pub struct Pace {
    between: Duration,
    burst: Duration,
    kept: Mutex<Kept>,
}

impl Pace {
    /// So many calls a minute.
    #[must_use]
    pub fn new(calls_per_minute: u32, now: Instant) -> Self {
        let between = Duration::from_secs(60) / calls_per_minute.max(1);
        let burst = between * (calls_per_minute / BURST_SHARE).max(1);
        Self { between, burst, kept: Mutex::new(Kept { due: now, not_before: None }) }
    }

    /// Takes a turn: how long to wait for it, or how long to stay away when that is longer than
    /// `patience`.
    ///
    /// # Errors
    /// How long to stay away; no turn was taken.
    pub fn take(&self, now: Instant, patience: Duration) -> Result<Duration, Duration> {
        let mut kept = self.kept();
        if let Some(away) = kept.not_before.and_then(|until| until.checked_duration_since(now)) {
            return Err(away);
        }
        let due = kept.due.max(now);
        let wait = (due + self.between).saturating_duration_since(now + self.burst);
        if wait > patience {
            return Err(wait);
        }
        kept.due = due + self.between;
        Ok(wait)
    }

    /// The partner asked to be left alone for so long.
    pub fn stay_away(&self, now: Instant, wait: Duration) {
        let mut kept = self.kept();
        let until = now.checked_add(wait).unwrap_or(now);
        kept.not_before = Some(kept.not_before.map_or(until, |known| known.max(until)));
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
