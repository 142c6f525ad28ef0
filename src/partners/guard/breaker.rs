//! Is this partner left alone at the moment? After failures in a row, for a while that doubles.
//!
//! *Why no order is used to try it out*: an order that is put off belongs to that partner for a
//! long time. So when the while is over, a question of no weight is asked instead, and only its
//! answer closes the breaker.
//!
//! Rows: D5.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const FIRST_WAIT: Duration = Duration::from_secs(2);
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// How a breaker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Calls go through.
    Closed,
    /// The while is over, and nobody has asked yet.
    HalfOpen,
    /// No call goes out.
    Open,
}

impl BreakerState {
    /// Its word for people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half_open",
            Self::Open => "open",
        }
    }
}

/// What is counted.
struct Counted {
    failures: u32,
    /// Until when it is open, and how long that was; none while it is closed.
    open: Option<(Instant, Duration)>,
}

/// The breaker of one partner.
pub struct Breaker {
    opens_after: u32,
    counted: Mutex<Counted>,
}

impl Breaker {
    /// Closed, and open after so many failures in a row.
    #[must_use]
    pub fn new(opens_after: u32) -> Self {
        Self { opens_after, counted: Mutex::new(Counted { failures: 0, open: None }) }
    }

    /// How it stands at `now`.
    #[must_use]
    pub fn state(&self, now: Instant) -> BreakerState {
        match self.counted().open {
            None => BreakerState::Closed,
            Some((until, _)) if until <= now => BreakerState::HalfOpen,
            Some(_) => BreakerState::Open,
        }
    }

    /// For how long calls are held back at `now`; none, when they go through.
    #[must_use]
    pub fn held_back(&self, now: Instant) -> Option<Duration> {
        self.counted().open.map(|(until, _)| until.saturating_duration_since(now))
    }

    /// The partner answered.
    pub fn succeeded(&self) {
        *self.counted() = Counted { failures: 0, open: None };
    }

    /// It did not, at `now`; answers whether that opened the breaker.
    pub fn failed(&self, now: Instant) -> bool {
        let mut counted = self.counted();
        counted.failures = counted.failures.saturating_add(1);
        match counted.open {
            // Calls that were under way when it opened say nothing new.
            Some((until, _)) if until > now => false,
            Some((_, waited)) => {
                let wait = (waited * 2).min(LONGEST_WAIT);
                counted.open = Some((now + wait, wait));
                false
            }
            None if counted.failures >= self.opens_after => {
                counted.open = Some((now + FIRST_WAIT, FIRST_WAIT));
                true
            }
            None => false,
        }
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
