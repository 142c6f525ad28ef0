//! How far has a copy of a read model come? Kept in the transaction that writes its rows.
//!
//! The copy that is asked lies in the schema [`LIVE`]; a rebuild has another one beside it. Only a
//! live copy whose version is this program's is taken on: rows of another version mean something
//! else, and wait for a rebuild.
//!
//! Rows: Q3, Q4.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use domain::ids::Position;
use sqlx::{PgConnection, PgPool};

use crate::projection::Projection;

/// The schema of the copies that are asked.
pub const LIVE: &str = "read";
const LOOK_AGAIN: Duration = Duration::from_millis(15);

/// What a projection's turn begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It is this instance's: the position it has reached.
    Ours(Position),
    /// Another instance is at work, it is halted, or its rows are of another version.
    NotOurs,
}

/// Takes a live projection's checkpoint for this transaction, unless somebody else has it.
///
/// # Errors
/// When the database cannot be asked.
pub async fn take(
    tx: &mut PgConnection,
    projection: &dyn Projection,
) -> Result<Turn, sqlx::Error> {
    let locked: Option<i64> = sqlx::query_scalar(
        "SELECT position FROM public.checkpoints
          WHERE name = $1 AND schema = 'read' AND version = $2 AND state = 'live'
            FOR UPDATE SKIP LOCKED",
    )
    .bind(projection.name())
    .bind(projection.version())
    .fetch_optional(tx)
    .await?;
    Ok(locked.map_or(Turn::NotOurs, |position| Turn::Ours(Position(position))))
}

/// Makes a projection's checkpoint, unless there is one, of whatever version.
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

/// Moves a copy's checkpoint from where it was; the compare-and-set is the fence.
///
/// # Errors
/// [`sqlx::Error::RowNotFound`] when it was not where it should be: nothing of the batch counts.
pub async fn advance(
    tx: &mut PgConnection,
    copy: (&dyn Projection, &str),
    from: Position,
    to: Position,
) -> Result<(), sqlx::Error> {
    let (projection, schema) = copy;
    let moved = sqlx::query(
        "UPDATE public.checkpoints SET position = $5, updated_at = clock_timestamp(), error = NULL
          WHERE name = $1 AND schema = $2 AND version = $3 AND position = $4",
    )
    .bind(projection.name())
    .bind(schema)
    .bind(projection.version())
    .bind(from.0)
    .bind(to.0)
    .execute(tx)
    .await?;
    if moved.rows_affected() == 1 { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}

/// Where the copy of a read model that is asked stands; 0 before it has begun.
///
/// # Errors
/// When the database cannot be asked.
pub async fn position(pool: &PgPool, name: &str) -> Result<Position, sqlx::Error> {
    let found: Option<i64> = sqlx::query_scalar(
        "SELECT position FROM public.checkpoints WHERE name = $1 AND schema = 'read'",
    )
    .bind(name)
    .fetch_optional(pool)
    .await?;
    Ok(Position(found.unwrap_or(0)))
}

/// Where the copy that is asked of every read model stands.
///
/// # Errors
/// When the database cannot be asked.
pub async fn positions(pool: &PgPool) -> Result<BTreeMap<String, Position>, sqlx::Error> {
    let all: Vec<(String, i64)> =
        sqlx::query_as("SELECT name, position FROM public.checkpoints WHERE schema = 'read'")
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
