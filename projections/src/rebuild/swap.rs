//! How does a copy take the place of the one that is asked? In one short transaction that proves it
//! has come as far.
//!
//! The live checkpoint is locked, so the live rows stand still; the copy is brought exactly as far;
//! tables and checkpoints change places. Whoever asks meanwhile waits for milliseconds and finds
//! the new tables under the old names: prepared statements look names up anew when a table has
//! moved.
//!
//! *Why the table lock gives up so soon*: everybody who asks queues behind it while it waits for a
//! long query. Another try later costs nothing.
//!
//! Rows: A4, Q3.

use std::time::Duration;

use domain::ids::Position;
use sqlx::{Connection as _, Executor as _, PgConnection, PgPool};

use super::copy::{Copy, at_work, drop_schema, make_schema};
use super::fill::one_batch;
use super::{RebuildError, Tell, catch_up};
use crate::event_log;

/// With more events than this to go, a copy is brought further before it is swapped.
pub(super) const SHORT: i64 = 1_000;
const TRIES: u32 = 120;
const BETWEEN_TRIES: Duration = Duration::from_millis(250);

/// What a swap came to.
pub(super) struct Swapped {
    pub position: Position,
    pub kept_in: String,
}

enum Attempt {
    Done(Position),
    /// The live copy has run ahead.
    Behind,
    /// Somebody uses the tables.
    Held,
}

/// Swaps a copy in, as soon as nobody holds the tables for long.
pub(super) async fn swap(
    pool: &PgPool,
    copy: &Copy,
    tell: Tell<'_>,
) -> Result<Swapped, RebuildError> {
    let kept_in = name_for_retired(pool, copy).await?;
    make_schema(pool, &kept_in).await?;
    for _ in 0..TRIES {
        match attempt(pool, copy, &kept_in).await {
            Ok(Attempt::Done(position)) => {
                drop_schema(pool, &copy.schema).await?;
                return Ok(Swapped { position, kept_in });
            }
            Ok(Attempt::Behind) => catch_up(pool, std::slice::from_ref(copy), tell).await?,
            Ok(Attempt::Held) => tokio::time::sleep(BETWEEN_TRIES).await,
            Err(error) => {
                drop_schema(pool, &kept_in).await.ok();
                return Err(error);
            }
        }
    }
    drop_schema(pool, &kept_in).await?;
    Err(RebuildError::Held(copy.projection.name()))
}

async fn attempt(pool: &PgPool, copy: &Copy, kept_in: &str) -> Result<Attempt, RebuildError> {
    let mut connection = at_work(pool, &copy.schema).await?;
    let mut tx = connection.begin().await?;
    tx.execute("SET LOCAL synchronous_commit = on; SET LOCAL lock_timeout = '2s'").await?;
    let outcome = change_places(&mut tx, copy, kept_in).await;
    match outcome {
        Ok(Attempt::Done(position)) => {
            tx.commit().await?;
            Ok(Attempt::Done(position))
        }
        Ok(other) => Ok(other),
        Err(error) if is_held(&error) => Ok(Attempt::Held),
        Err(error) => Err(error),
    }
}

async fn change_places(
    tx: &mut PgConnection,
    copy: &Copy,
    kept_in: &str,
) -> Result<Attempt, RebuildError> {
    let live = locked_position(tx, copy, "read").await?;
    let mut reached = locked_position(tx, copy, &copy.schema).await?;
    if live.0 - reached.0 > SHORT {
        return Ok(Attempt::Behind);
    }
    if reached < live {
        let rest = event_log::read_after(tx, reached, live.0 - reached.0).await?;
        reached = one_batch(tx, copy, reached, &rest).await?;
        if reached != live {
            return Ok(Attempt::Behind);
        }
    }
    tx.execute("SET LOCAL lock_timeout = '100ms'").await?;
    for table in copy.projection.tables() {
        let statement = format!(
            "ALTER TABLE read.{table} SET SCHEMA {kept_in};
             ALTER TABLE {}.{table} SET SCHEMA read",
            copy.schema
        );
        tx.execute(statement.as_str()).await?;
    }
    for (from, to, state) in [("read", kept_in, "retired"), (copy.schema.as_str(), "read", "live")]
    {
        sqlx::query(
            "UPDATE public.checkpoints
                SET schema = $3, state = $4, error = NULL, updated_at = clock_timestamp()
              WHERE name = $1 AND schema = $2",
        )
        .bind(copy.projection.name())
        .bind(from)
        .bind(to)
        .bind(state)
        .execute(&mut *tx)
        .await?;
    }
    Ok(Attempt::Done(reached))
}

async fn locked_position(
    tx: &mut PgConnection,
    copy: &Copy,
    schema: &str,
) -> Result<Position, sqlx::Error> {
    let position = sqlx::query_scalar(
        "SELECT position FROM public.checkpoints WHERE name = $1 AND schema = $2 FOR UPDATE",
    );
    Ok(Position(position.bind(copy.projection.name()).bind(schema).fetch_one(tx).await?))
}

/// No lock in time, or two who waited for each other.
fn is_held(error: &RebuildError) -> bool {
    let RebuildError::Database(error) = error else { return false };
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| code == "55P03" || code == "40P01")
}

async fn name_for_retired(pool: &PgPool, copy: &Copy) -> Result<String, sqlx::Error> {
    let moment: String = sqlx::query_scalar(
        "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSMS')",
    )
    .fetch_one(pool)
    .await?;
    Ok(format!("retired_{}_{moment}", copy.projection.name()))
}
