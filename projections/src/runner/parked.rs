//! What has been set aside, and how does it come back? By an operator, once the cause is mended.
//!
//! *Guarantees*: parked events are tried again in the order of the log within their stream, each in
//! a transaction with its removal and with the projection's checkpoint held, so that no instance
//! projects anything of the stream meanwhile. The first that fails again keeps the rest of its
//! stream waiting.
//!
//! Rows: Q3.

use chrono::{DateTime, Utc};
use domain::ids::Position;
use serde::Serialize;
use sqlx::{Acquire as _, PgConnection, PgPool};

use super::fault::{Fault, RunError, chain};
use crate::event_log;
use crate::projection::Projection;

/// An event that a projection could not take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct ParkedEvent {
    /// Where it is in the log.
    pub position: i64,
    /// The kind of its stream.
    pub aggregate_type: String,
    /// Its stream.
    pub aggregate_id: String,
    /// Why it was set aside.
    pub error: String,
    /// How often it was tried.
    pub attempts: i32,
    /// Since when.
    pub parked_at: DateTime<Utc>,
}

/// What trying again came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Retried {
    /// Events that became rows.
    pub projected: usize,
    /// Events that still cannot, or wait behind one that cannot.
    pub still_parked: usize,
}

/// The events a projection has set aside, in the order of the log.
///
/// # Errors
/// When the database cannot be asked.
pub async fn parked(pool: &PgPool, name: &str) -> Result<Vec<ParkedEvent>, sqlx::Error> {
    sqlx::query_as(
        "SELECT position, aggregate_type, aggregate_id, error, attempts, parked_at
           FROM public.parked WHERE name = $1 AND schema = 'read' ORDER BY position",
    )
    .bind(name)
    .fetch_all(pool)
    .await
}

/// Tries every parked event of a projection again.
///
/// # Errors
/// When the database cannot be asked, or an event cannot be read; what became rows until then
/// stays so.
pub async fn retry(pool: &PgPool, projection: &dyn Projection) -> Result<Retried, RunError> {
    let mut streams: Vec<Vec<ParkedEvent>> = Vec::new();
    for event in parked(pool, projection.name()).await? {
        let of_stream = |stream: &&mut Vec<ParkedEvent>| {
            stream[0].aggregate_type == event.aggregate_type
                && stream[0].aggregate_id == event.aggregate_id
        };
        match streams.iter_mut().find(of_stream) {
            Some(stream) => stream.push(event),
            None => streams.push(vec![event]),
        }
    }
    let mut retried = Retried::default();
    for stream in streams {
        for (index, event) in stream.iter().enumerate() {
            if retry_one(pool, projection, event).await? {
                retried.projected += 1;
            } else {
                retried.still_parked += stream.len() - index;
                break;
            }
        }
    }
    Ok(retried)
}

/// Tries one event again; says whether it became rows.
async fn retry_one(
    pool: &PgPool,
    projection: &dyn Projection,
    event: &ParkedEvent,
) -> Result<bool, RunError> {
    let mut tx = pool.begin().await?;
    hold(&mut tx, projection).await?;
    let removed = sqlx::query(
        "DELETE FROM public.parked WHERE name = $1 AND schema = 'read' AND position = $2",
    )
    .bind(projection.name())
    .bind(event.position)
    .execute(&mut *tx)
    .await?;
    if removed.rows_affected() == 0 {
        // Somebody else has tried it at the same time, and it worked.
        return Ok(true);
    }
    let mut attempt = tx.begin().await?;
    let events = event_log::read_after(&mut attempt, Position(event.position - 1), 1).await?;
    let Err(error) = projection.project(&events, &mut attempt).await.map_err(RunError::from)
    else {
        attempt.commit().await?;
        tx.commit().await?;
        return Ok(true);
    };
    drop(attempt);
    tx.rollback().await?;
    if error.fault() != Fault::Event {
        return Err(error);
    }
    sqlx::query(
        "UPDATE public.parked SET attempts = attempts + 1, error = $3
          WHERE name = $1 AND schema = 'read' AND position = $2",
    )
    .bind(projection.name())
    .bind(event.position)
    .bind(chain(&error))
    .execute(pool)
    .await?;
    Ok(false)
}

/// Waits for the checkpoint and keeps it: runners pass by meanwhile.
async fn hold(tx: &mut PgConnection, projection: &dyn Projection) -> Result<(), sqlx::Error> {
    sqlx::query(
        "SELECT FROM public.checkpoints
          WHERE name = $1 AND schema = 'read' AND version = $2 FOR UPDATE",
    )
    .bind(projection.name())
    .bind(projection.version())
    .fetch_one(tx)
    .await?;
    Ok(())
}

/// Lets a halted projection go on, at the event it stopped before; says whether it was halted.
///
/// # Errors
/// When the database cannot be asked.
pub async fn resume(pool: &PgPool, name: &str) -> Result<bool, sqlx::Error> {
    let resumed = sqlx::query(
        "UPDATE public.checkpoints SET state = 'live', error = NULL
          WHERE name = $1 AND schema = 'read' AND state = 'halted'",
    )
    .bind(name)
    .execute(pool)
    .await?;
    Ok(resumed.rows_affected() == 1)
}
