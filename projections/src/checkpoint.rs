//! How far has a read model come? Kept in the transaction that writes its rows.
//!
//! Rows: Q3, Q4.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use domain::ids::Position;
use sqlx::{PgConnection, PgPool};

use crate::projection::Projection;

const LOOK_AGAIN: Duration = Duration::from_millis(15);

/// What a projection's turn begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It is this instance's: the position it has reached.
    Ours(Position),
    /// Another instance is at work, or it is halted.
    NotOurs,
}

/// Takes a projection's checkpoint for this transaction, making it the first time.
///
/// # Errors
/// When the database cannot be asked.
pub async fn take(
    tx: &mut PgConnection,
    projection: &dyn Projection,
) -> Result<Turn, sqlx::Error> {
    let locked: Option<i64> = sqlx::query_scalar(
        "SELECT position FROM public.checkpoints
          WHERE name = $1 AND version = $2 AND state <> 'halted' FOR UPDATE SKIP LOCKED",
    )
    .bind(projection.name())
    .bind(projection.version())
    .fetch_optional(tx)
    .await?;
    Ok(locked.map_or(Turn::NotOurs, |position| Turn::Ours(Position(position))))
}

/// Makes a projection's checkpoint, unless it is there.
///
/// # Errors
/// When the database cannot be asked.
pub async fn ensure(pool: &PgPool, projection: &dyn Projection) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO public.checkpoints (name, version) VALUES ($1, $2) ON CONFLICT DO NOTHING",
    )
    .bind(projection.name())
    .bind(projection.version())
    .execute(pool)
    .await?;
    Ok(())
}

/// Moves a checkpoint from where it was; the compare-and-set is the fence.
///
/// # Errors
/// [`sqlx::Error::RowNotFound`] when it was not where it should be: nothing of the batch counts.
pub async fn advance(
    tx: &mut PgConnection,
    projection: &dyn Projection,
    from: Position,
    to: Position,
) -> Result<(), sqlx::Error> {
    let moved = sqlx::query(
        "UPDATE public.checkpoints SET position = $4, updated_at = clock_timestamp(), error = NULL
          WHERE name = $1 AND version = $2 AND position = $3",
    )
    .bind(projection.name())
    .bind(projection.version())
    .bind(from.0)
    .bind(to.0)
    .execute(tx)
    .await?;
    if moved.rows_affected() == 1 { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}

/// Where the live version of a read model stands; 0 before it has begun.
///
/// # Errors
/// When the database cannot be asked.
pub async fn position(pool: &PgPool, name: &str) -> Result<Position, sqlx::Error> {
    let found: Option<i64> = sqlx::query_scalar(
        "SELECT position FROM public.checkpoints
          WHERE name = $1 AND state IN ('live', 'halted') ORDER BY version DESC LIMIT 1",
    )
    .bind(name)
    .fetch_optional(pool)
    .await?;
    Ok(Position(found.unwrap_or(0)))
}

/// Where the live version of every read model stands.
///
/// # Errors
/// When the database cannot be asked.
pub async fn positions(pool: &PgPool) -> Result<BTreeMap<String, Position>, sqlx::Error> {
    let all: Vec<(String, i64)> = sqlx::query_as(
        "SELECT name, max(position) FROM public.checkpoints
          WHERE state IN ('live', 'halted') GROUP BY name",
    )
    .fetch_all(pool)
    .await?;
    Ok(all.into_iter().map(|(name, position)| (name, Position(position))).collect())
}

/// Waits until a read model has reached a position; answers where it stands.
///
/// # Errors
/// [`WaitError::NotYet`] when it has not in time.
pub async fn wait_for(
    pool: &PgPool,
    name: &str,
    at_least: Position,
    limit: Duration,
) -> Result<Position, WaitError> {
    let begun = Instant::now();
    loop {
        let reached = position(pool, name).await?;
        if reached >= at_least {
            return Ok(reached);
        }
        if begun.elapsed() >= limit {
            return Err(WaitError::NotYet { reached });
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Why a read model cannot be asked yet.
#[derive(Debug, thiserror::Error)]
pub enum WaitError {
    /// Ask again in a moment.
    #[error("the read model has reached position {reached}")]
    NotYet {
        /// Where it stands.
        reached: Position,
    },
    /// The database could not be asked.
    #[error("the checkpoint could not be read")]
    Database(#[from] sqlx::Error),
}
