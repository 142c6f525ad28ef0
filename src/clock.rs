//! What time is it? For the ledger, and for real: the one place that asks.
//!
//! Everything that is due, expires or was recorded goes by the ledger's clock: the database's, plus
//! an offset that only demos, tests and simulations can set, and only forward. The freshness of
//! tokens, webhooks and OAuth goes by the real one.
//!
//! *Why not the process's own clock*: instances disagree by seconds; money must not.
//!
//! Rows: M1, M4, D6.

#![allow(clippy::disallowed_methods, reason = "this is the file that asks for the time")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration as StdDuration;

use chrono::{DateTime, Duration, Utc};
use sqlx::PgPool;

/// How often a simulated database's offset is read again.
const READ_AGAIN: StdDuration = StdDuration::from_millis(200);

/// How often a real database's clock is compared with this machine's, which may be set or drift.
const CORRECT_AGAIN: StdDuration = StdDuration::from_secs(10);

/// The ledger's clock and the real one.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    ahead_us: Arc<AtomicI64>,
}

impl Clock {
    /// Follows the database's clock, again and again: a simulated one is moved, and this machine's
    /// own may be set or drift while the process runs.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn follow(pool: PgPool) -> Result<Self, sqlx::Error> {
        let clock = Self::default();
        clock.read_again(&pool).await?;
        let pause = if is_simulated(&pool).await? { READ_AGAIN } else { CORRECT_AGAIN };
        let following = clock.clone();
        tokio::spawn(async move {
            while Arc::strong_count(&following.ahead_us) > 1 && !pool.is_closed() {
                tokio::time::sleep(pause).await;
                following.read_again(&pool).await.ok();
            }
        });
        Ok(clock)
    }

    /// Reads the database's clock at this moment, for whoever has just moved it.
    ///
    /// # Errors
    /// When the database cannot be asked; the clock goes on as it was.
    pub async fn read_again(&self, pool: &PgPool) -> Result<(), sqlx::Error> {
        let now: DateTime<Utc> = sqlx::query_scalar("SELECT ledger_now()").fetch_one(pool).await?;
        let ahead = now - Utc::now();
        self.ahead_us.store(ahead.num_microseconds().unwrap_or(i64::MAX), Ordering::Relaxed);
        Ok(())
    }

    /// The ledger's time.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        Utc::now() + Duration::microseconds(self.ahead_us.load(Ordering::Relaxed))
    }

    /// The real time, for the freshness of tokens, webhooks and OAuth.
    #[must_use]
    pub fn real_now(&self) -> DateTime<Utc> {
        real_now()
    }
}

/// The real time, where there is no ledger.
#[must_use]
pub fn real_now() -> DateTime<Utc> {
    Utc::now()
}

/// The ledger's time, and how far it was set ahead of the real one: exactly, whoever is slow.
///
/// # Errors
/// When the database cannot be asked.
pub async fn reading(pool: &PgPool) -> Result<(DateTime<Utc>, Duration), sqlx::Error> {
    let (now, ahead_us) = sqlx::query_as(
        "SELECT ledger_now(), (extract(epoch FROM ahead) * 1000000)::bigint FROM ledger_clock",
    )
    .fetch_one(pool)
    .await?;
    Ok((now, Duration::microseconds(ahead_us)))
}

async fn is_simulated(pool: &PgPool) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT is_simulated FROM ledger_clock").fetch_one(pool).await
}

/// Makes a new database's clock one that can be moved: for demos, tests and simulations.
///
/// # Errors
/// [`ClockError::AlreadyInUse`] when the log has events and the clock is a real one.
pub async fn mark_simulated(owner: &PgPool) -> Result<(), ClockError> {
    let marked = sqlx::query(
        "UPDATE ledger_clock SET is_simulated = true
          WHERE is_simulated OR NOT EXISTS (SELECT FROM ledger_batches)",
    )
    .execute(owner)
    .await?;
    if marked.rows_affected() == 1 { Ok(()) } else { Err(ClockError::AlreadyInUse) }
}

/// Whether the clock is one that can be moved.
///
/// # Errors
/// [`ClockError::Real`] when it is not.
pub async fn may_be_moved(pool: &PgPool) -> Result<(), ClockError> {
    if is_simulated(pool).await? { Ok(()) } else { Err(ClockError::Real) }
}

/// Moves the ledger's clock forward; answers the new time.
///
/// # Errors
/// [`ClockError::Real`] in a database that is not simulated, [`ClockError::Backwards`] otherwise.
pub async fn forward(owner: &PgPool, by: Duration) -> Result<DateTime<Utc>, ClockError> {
    if by <= Duration::zero() {
        return Err(ClockError::Backwards);
    }
    let now: Option<DateTime<Utc>> = sqlx::query_scalar(
        "UPDATE ledger_clock SET ahead = ahead + $1 * interval '1 microsecond'
          WHERE is_simulated RETURNING clock_timestamp() + ahead",
    )
    .bind(by.num_microseconds().ok_or(ClockError::Backwards)?)
    .fetch_optional(owner)
    .await?;
    now.ok_or(ClockError::Real)
}

/// Why the clock was not moved.
#[derive(Debug, thiserror::Error)]
pub enum ClockError {
    /// Time only goes forward: give a positive span.
    #[error("the ledger's clock only goes forward")]
    Backwards,
    /// Only demos, tests and simulations have a clock that moves by hand.
    #[error("this database goes by the real clock")]
    Real,
    /// Mark a database before its first event.
    #[error("this database has events by the real clock already")]
    AlreadyInUse,
    /// The database could not be asked.
    #[error("the database did not answer")]
    Database(#[from] sqlx::Error),
}
