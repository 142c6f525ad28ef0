//! How does a batch become rows, and what becomes of an event that cannot?
//!
//! All of it in the caller's transaction. [`project`] does it or fails. [`project_carefully`]
//! halves what fails, behind savepoints, until the event is found: then it stops before it, or sets
//! it aside with all later ones of its stream and goes on. The caller holds the checkpoint, so what
//! is set aside is what failed, whoever else is running.
//!
//! Rows: Q3.

use sqlx::{Acquire as _, PgConnection};

use super::fault::{Fault, RunError, chain};
use crate::projection::{Poison, Projection, Recorded};

const BEHIND_ANOTHER: &str = "an earlier event of its stream is parked";

/// A copy of a read model: what fills it, and the schema it lies in.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    pub projection: &'a dyn Projection,
    pub schema: &'a str,
}

/// How far a careful go came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Came {
    /// To the end, whatever was set aside.
    Through,
    /// To the event before this one of the batch.
    Before { index: usize, why: String },
}

/// Projects a batch, without the events whose stream has one set aside: they wait behind it.
pub(crate) async fn project(
    tx: &mut PgConnection,
    target: Target<'_>,
    batch: &[Recorded],
) -> Result<(), RunError> {
    let parked = parked_streams(tx, target, batch).await?;
    if parked.is_empty() {
        return Ok(target.projection.project(batch, tx).await?);
    }
    let is_parked = |event: &Recorded| {
        parked.iter().any(|(kind, id)| kind == event.aggregate_type && *id == event.aggregate_id)
    };
    let (waiting, rest): (Vec<_>, Vec<_>) = batch.iter().cloned().partition(is_parked);
    for event in &waiting {
        park(tx, target, event, BEHIND_ANOTHER).await?;
    }
    Ok(target.projection.project(&rest, tx).await?)
}

/// Projects what can be projected of a batch, and finds what cannot.
pub(crate) async fn project_carefully(
    tx: &mut PgConnection,
    target: Target<'_>,
    batch: &[Recorded],
) -> Result<Came, RunError> {
    let mut to_do = vec![(0, batch)];
    while let Some((index, slice)) = to_do.pop() {
        let mut attempt = tx.begin().await?;
        let Err(error) = project(&mut attempt, target, slice).await else {
            attempt.commit().await?;
            continue;
        };
        if error.fault() != Fault::Event {
            return Err(error);
        }
        attempt.rollback().await?;
        if slice.len() > 1 {
            let half = slice.len() / 2;
            to_do.push((index + half, &slice[half..]));
            to_do.push((index, &slice[..half]));
            continue;
        }
        let why = chain(&error);
        match target.projection.on_poison() {
            Poison::Halt => return Ok(Came::Before { index, why }),
            Poison::Park => {
                let (name, position) = (target.projection.name(), slice[0].position.0);
                tracing::error!(projection = name, position, why, "parked an event");
                park(tx, target, &slice[0], &why).await?;
            }
        }
    }
    Ok(Came::Through)
}

async fn parked_streams(
    tx: &mut PgConnection,
    target: Target<'_>,
    batch: &[Recorded],
) -> Result<Vec<(String, String)>, sqlx::Error> {
    if target.projection.on_poison() == Poison::Halt {
        return Ok(Vec::new());
    }
    let streams: Vec<&str> = batch.iter().map(|event| event.aggregate_id.as_str()).collect();
    sqlx::query_as(
        "SELECT DISTINCT aggregate_type, aggregate_id FROM public.parked
          WHERE name = $1 AND schema = $2 AND aggregate_id = ANY($3)",
    )
    .bind(target.projection.name())
    .bind(target.schema)
    .bind(&streams)
    .fetch_all(tx)
    .await
}

async fn park(
    tx: &mut PgConnection,
    target: Target<'_>,
    event: &Recorded,
    why: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO public.parked (name, schema, position, aggregate_type, aggregate_id, error)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
    )
    .bind(target.projection.name())
    .bind(target.schema)
    .bind(event.position.0)
    .bind(event.aggregate_type)
    .bind(&event.aggregate_id)
    .bind(why)
    .execute(tx)
    .await?;
    Ok(())
}
