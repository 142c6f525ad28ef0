//! How many webhooks are taken, in a second and at once? What is more waits its turn for a moment,
//! or is asked to come again, before anything is read of it.
//!
//! *Why turns and no bucket*: whoever comes after a flood finds nobody in front of them but those
//! who still wait, for at most a second; with an emptied bucket the first honest webhook would be
//! turned away as well.
//!
//! Threats: T19.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

/// How long at most somebody waits for their turn.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// How many may be verified and stored at once: at 256 kB each some 130 MB at the most.
const AT_ONCE: usize = 512;

/// The way in of one process.
#[derive(Debug)]
pub struct Gate {
    /// From turn to turn; none without a limit.
    interval: Option<Duration>,
    next: Mutex<Instant>,
    inside: Arc<Semaphore>,
}

/// More is coming than is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more is coming than is taken")]
pub struct Full;

impl Gate {
    /// Lets so many in a second; as many as there are, when nobody said.
    #[must_use]
    pub fn new(per_second: Option<NonZeroU32>) -> Self {
        let interval = per_second.map(|n| Duration::from_secs(1) / n.get());
        let inside = Arc::new(Semaphore::new(AT_ONCE));
        Self { interval, next: Mutex::new(Instant::now()), inside }
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// [`Full`], at once, when it would come too late.
    pub async fn turn(&self) -> Result<(), Full> {
        let Some(interval) = self.interval else { return Ok(()) };
        let now = Instant::now();
        let mine = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let mine = (*next).max(now);
            if mine - now > LONGEST_WAIT {
                return Err(Full);
            }
            *next = mine + interval;
            mine
        };
        if mine > now {
            sleep_until(mine).await;
        }
        Ok(())
    }

    /// Goes in, and is in as long as the permit is held.
    ///
    /// # Errors
    /// [`Full`], when too many are.
    pub fn enter(&self) -> Result<OwnedSemaphorePermit, Full> {
        self.inside.clone().try_acquire_owned().map_err(|_| Full)
    }
}
