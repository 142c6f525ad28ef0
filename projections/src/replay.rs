//! What did every read model say at a moment that was? Built anew from the log, up to there.
//!
//! Positions up to the asked one never change, so no snapshot of the database is held: the log is
//! read in short statements, into a schema that nobody sees before it is whole.
//!
//! *Guarantees*: a schema that was asked for is complete, or it is not there: it gets its name in
//! the transaction that ends the work. What is reported depends on the log, the position and this
//! program alone, so the same replay reports the same.
//!
//! Rows: A4.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::ids::Position;
use serde::Serialize;
use sqlx::{Connection as _, Executor as _, PgConnection, PgPool};
use uuid::Uuid;

use crate::event_log::{self, ReadError};
use crate::projection::Projection;
use crate::rebuild::copy::{Copy, at_work, drop_schema, is_a_name, make_schema};
use crate::rebuild::exclusive::Exclusive;
use crate::rebuild::fill::{fill, lowest};
use crate::rebuild::{RebuildError, Tell, has_room};
use crate::reconciliation::query::{SummaryLine, lines_at};

/// Schemas being filled begin so; with nobody at work in it, one is a leftover.
const AT_WORK: &str = "replaying_";
/// Schemas that have a meaning of their own.
const TAKEN: &[&str] = &["read", "public", "keys", "information_schema"];
const TAKEN_BEGINNINGS: &[&str] = &["pg_", "rebuild_", "retired_", "check_", AT_WORK];

/// Up to where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Everything that had been recorded by then.
    Time(DateTime<Utc>),
    /// Up to this position.
    Position(Position),
}

/// What a replay came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Replayed {
    /// The last position that counts.
    pub position: i64,
    /// When it was recorded; nothing before the first.
    pub recorded_at: Option<DateTime<Utc>>,
    /// Events that were read: as many as there are up to the position.
    pub events: u64,
    /// The tables with their rows, in their order.
    pub tables: Vec<TableCount>,
    /// What was issued, spent and still out then, by currency.
    pub totals: Vec<SummaryLine>,
}

/// How many rows a table had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableCount {
    /// The table.
    pub table: String,
    /// The version of its read model.
    pub version: i32,
    /// Its rows.
    pub rows: i64,
    /// Events of its read model that could not become rows, as in the live one.
    pub parked: i64,
}

/// Replays these projections into a schema called `into`, or into one that is gone afterwards.
///
/// `pool` is one as for [`rebuild`](crate::rebuild::rebuild).
///
/// # Errors
/// There is no schema then. [`ReplayError::Refused`] says what to ask for instead.
pub async fn replay(
    pool: &PgPool,
    projections: &[Arc<dyn Projection>],
    (until, into): (Until, Option<&str>),
    tell: Tell<'_>,
) -> Result<Replayed, ReplayError> {
    has_room(pool)?;
    let mut connection = pool.acquire().await.map_err(RebuildError::from)?;
    if let Some(schema) = into {
        refuse_unless_free(&mut connection, schema).await?;
    }
    let to = position_of(&mut connection, until).await?;
    drop(connection);
    remove_leftovers(pool).await?;
    let schema = format!("{AT_WORK}{}", Uuid::new_v4().simple());
    let _held = Exclusive::to_build(pool, &[&schema]).await?;
    let replayed = build(pool, projections, &schema, (to, tell)).await;
    let finished = match (replayed, into) {
        (Ok(replayed), Some(name)) => give_name(pool, &schema, name).await.map(|()| replayed),
        (outcome, _) => outcome,
    };
    if finished.is_err() || into.is_none() {
        let dropped = drop_schema(pool, &schema).await.map_err(RebuildError::from);
        let replayed = finished?;
        dropped?;
        return Ok(replayed);
    }
    finished
}

async fn refuse_unless_free(
    connection: &mut PgConnection,
    schema: &str,
) -> Result<(), ReplayError> {
    let refused = |why: &str| Err(ReplayError::Refused(format!("{schema} {why}")));
    if !is_a_name(schema) {
        return refused("is no name for a schema: use lower-case letters, digits and _");
    }
    if TAKEN.contains(&schema) || TAKEN_BEGINNINGS.iter().any(|taken| schema.starts_with(taken)) {
        return refused("has a meaning of its own: choose another schema, such as asof_20260930");
    }
    let exists: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)")
            .bind(schema)
            .fetch_one(connection)
            .await
            .map_err(RebuildError::from)?;
    if exists {
        return refused("is there already: drop it first, or choose another schema");
    }
    Ok(())
}

/// The last position that had been recorded by then, or the one that was asked for.
async fn position_of(
    connection: &mut PgConnection,
    until: Until,
) -> Result<Position, ReplayError> {
    let head = event_log::whole_head(connection).await.map_err(RebuildError::from)?;
    match until {
        Until::Position(asked) if asked > head => Err(ReplayError::Refused(format!(
            "the log ends at position {head}: position {asked} has not been written yet"
        ))),
        Until::Position(asked) if asked.0 < 0 => {
            Err(ReplayError::Refused("positions begin at 0, before the first event".to_owned()))
        }
        Until::Position(asked) => Ok(asked),
        Until::Time(time) => position_at(connection, time).await,
    }
}

async fn position_at(
    connection: &mut PgConnection,
    time: DateTime<Utc>,
) -> Result<Position, ReplayError> {
    let (is_past, position): (bool, i64) = sqlx::query_as(
        "SELECT $1 <= ledger_now(), coalesce((SELECT last_position FROM public.ledger_batches
                  WHERE recorded_at <= $1 ORDER BY recorded_at DESC, last_position DESC LIMIT 1), 0)",
    )
    .bind(time)
    .fetch_one(connection)
    .await
    .map_err(RebuildError::from)?;
    if is_past {
        return Ok(Position(position));
    }
    Err(ReplayError::Refused(format!("{time} has not come yet: give a time that was")))
}

async fn build(
    pool: &PgPool,
    projections: &[Arc<dyn Projection>],
    schema: &str,
    (to, tell): (Position, Tell<'_>),
) -> Result<Replayed, ReplayError> {
    make_schema(pool, schema).await.map_err(RebuildError::from)?;
    let mut copies = Vec::new();
    for projection in projections {
        let copy = Copy::beside(projection.clone(), schema.to_owned())?;
        copy.make_tables(pool).await.map_err(RebuildError::from)?;
        copies.push(copy);
    }
    let events = fill(pool, &copies, to, tell).await?;
    let reached = lowest(pool, &copies).await?;
    if reached != to || events != to.0.unsigned_abs() {
        return Err(ReplayError::NotComplete { reached, events, to });
    }
    Ok(report(pool, &copies, (to, events)).await.map_err(RebuildError::from)?)
}

async fn report(
    pool: &PgPool,
    copies: &[Copy],
    (to, events): (Position, u64),
) -> Result<Replayed, sqlx::Error> {
    let Some(schema) = copies.first().map(|copy| copy.schema.as_str()) else {
        return Err(sqlx::Error::RowNotFound);
    };
    let mut connection = at_work(pool, schema).await?;
    let mut tables = Vec::new();
    for copy in copies {
        for table in copy.projection.tables() {
            let counted = format!(
                "SELECT (SELECT count(*) FROM {table}),
                        (SELECT count(*) FROM public.parked WHERE name = $1 AND schema = $2)"
            );
            let name = copy.projection.name();
            let (rows, parked) = sqlx::query_as(&counted)
                .bind(name)
                .bind(schema)
                .fetch_one(&mut *connection)
                .await?;
            let version = copy.projection.version();
            tables.push(TableCount { table: (*table).to_owned(), version, rows, parked });
        }
    }
    let recorded_at = sqlx::query_scalar(
        "SELECT recorded_at FROM public.ledger_batches
          WHERE first_position <= $1 ORDER BY first_position DESC LIMIT 1",
    )
    .bind(to.0)
    .fetch_optional(&mut *connection)
    .await?;
    let totals = lines_at(&mut connection, to).await?;
    Ok(Replayed { position: to.0, recorded_at, events, tables, totals })
}

/// From here on the schema can be found, and read by whoever may read.
async fn give_name(pool: &PgPool, schema: &str, name: &str) -> Result<(), ReplayError> {
    let named = async {
        let mut connection = pool.acquire().await?;
        let mut tx = connection.begin().await?;
        sqlx::query("DELETE FROM public.checkpoints WHERE schema = $1")
            .bind(schema)
            .execute(&mut *tx)
            .await?;
        let statement = format!(
            "RESET ROLE; ALTER SCHEMA {schema} RENAME TO {name};
             GRANT USAGE ON SCHEMA {name} TO anchor_read"
        );
        tx.execute(statement.as_str()).await?;
        tx.commit().await
    };
    Ok(named.await.map_err(RebuildError::from)?)
}

/// Removes what killed replays left behind: schemas in which nobody is at work.
async fn remove_leftovers(pool: &PgPool) -> Result<(), ReplayError> {
    let removed = async {
        let found: Vec<String> = sqlx::query_scalar(
            "SELECT nspname::text FROM pg_namespace WHERE nspname LIKE 'replaying\\_%'",
        )
        .fetch_all(pool)
        .await?;
        for schema in found {
            match Exclusive::to_build(pool, &[&schema]).await {
                Ok(_held) => drop_schema(pool, &schema).await?,
                Err(RebuildError::UnderWay(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    };
    Ok(removed.await?)
}

/// Why there is no replay.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// It says what to ask for instead.
    #[error("{0}")]
    Refused(String),
    /// Look at the log with people: nothing that is short is ever given out.
    #[error("the replay is not complete: {events} events, up to position {reached} of {to}")]
    NotComplete {
        /// How far every table is.
        reached: Position,
        /// Events that were read.
        events: u64,
        /// How far it should be.
        to: Position,
    },
    /// It could not be built.
    #[error(transparent)]
    Build(#[from] RebuildError),
}

impl From<ReadError> for ReplayError {
    fn from(error: ReadError) -> Self {
        Self::Build(error.into())
    }
}
