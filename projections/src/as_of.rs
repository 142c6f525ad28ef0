//! Which moment of the log is meant? Now, a time, or a position; always answered with a position.
//!
//! *Guarantees*: a moment that cannot be answered for is an error, never an empty answer.
//!
//! Rows: A4.

use chrono::{DateTime, Utc};
use domain::ids::Position;
use sqlx::PgPool;

/// Up to which moment the log counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsOf {
    /// Everything there is.
    Now,
    /// What had been recorded by then.
    Time(DateTime<Utc>),
    /// Up to here.
    Position(Position),
}

/// The position that a moment comes to, and the moment itself, for read models that have come to
/// `reached`.
///
/// # Errors
/// [`AsOfError::InFuture`] for what has not been, [`AsOfError::NotReached`] for what these read
/// models do not show yet.
pub async fn moment(
    pool: &PgPool,
    as_of: AsOf,
    reached: Position,
) -> Result<(Position, DateTime<Utc>), AsOfError> {
    let now: DateTime<Utc> = sqlx::query_scalar("SELECT ledger_now()").fetch_one(pool).await?;
    let (position, moment) = match as_of {
        AsOf::Now => (reached, now),
        AsOf::Time(time) if time > now => return Err(AsOfError::InFuture),
        AsOf::Time(time) => (recorded_by(pool, time).await?, time),
        AsOf::Position(position) => {
            let is_past = position > reached && position > head(pool).await?;
            if is_past {
                return Err(AsOfError::InFuture);
            }
            (position, recorded_at(pool, position).await?.unwrap_or(now))
        }
    };
    if position > reached {
        return Err(AsOfError::NotReached { reached });
    }
    Ok((position, moment))
}

/// The last position that had been recorded by then.
async fn recorded_by(pool: &PgPool, time: DateTime<Utc>) -> Result<Position, sqlx::Error> {
    let position = sqlx::query_scalar(
        "SELECT coalesce(max(last_position), 0) FROM public.ledger_batches
          WHERE recorded_at <= $1",
    );
    Ok(Position(position.bind(time).fetch_one(pool).await?))
}

async fn head(pool: &PgPool) -> Result<Position, sqlx::Error> {
    crate::event_log::head(&mut *pool.acquire().await?).await
}

/// When a position was recorded; none before the first.
///
/// # Errors
/// When the database cannot be asked.
pub async fn recorded_at(
    pool: &PgPool,
    position: Position,
) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT recorded_at FROM public.ledger_batches
          WHERE first_position <= $1 ORDER BY first_position DESC LIMIT 1",
    )
    .bind(position.0)
    .fetch_optional(pool)
    .await
}

/// Why there is no such moment. It is never an empty answer instead.
#[derive(Debug, thiserror::Error)]
pub enum AsOfError {
    /// Ask as of now, or of a moment that was.
    #[error("that moment has not come yet")]
    InFuture,
    /// Ask again in a moment, or for an earlier position.
    #[error("what is asked has come to position {reached}")]
    NotReached {
        /// Where it stands.
        reached: Position,
    },
    /// The database could not be asked.
    #[error("the books could not be read")]
    Database(#[from] sqlx::Error),
}
