//! How does the log become the rows of several copies? Read once, and a few workers take every batch.
//!
//! A worker has a connection of its own and a share of the copies, each with its checkpoint: a slow
//! copy holds the others up by a few batches at most, and one that was stopped goes on from where it
//! was.
//!
//! Rows: A4, Q3.

use std::sync::Arc;

use domain::ids::Position;
use sqlx::{Connection as _, Executor as _, PgConnection, PgPool};
use tokio::sync::mpsc;

use super::copy::{Copy, at_work};
use super::{RebuildError, Tell};
use crate::checkpoint;
use crate::event_log::Replay;
use crate::projection::Recorded;
use crate::runner::batch::{Came, Target, project, project_carefully};
use crate::runner::fault::Fault;

/// How many work at once: about as many as a server of some size has to spare.
pub(super) const WORKERS: usize = 4;
/// How many batches wait for a worker.
const AHEAD: usize = 2;

type Batch = Arc<Vec<Recorded>>;

/// Projects everything up to `to` into these copies; answers how many events were read.
pub(crate) async fn fill(
    pool: &PgPool,
    copies: &[Copy],
    to: Position,
    tell: Tell<'_>,
) -> Result<u64, RebuildError> {
    let from = lowest(pool, copies).await?;
    let mut log = Replay::begin(pool, from, to.max(from)).await?;
    let mut senders = Vec::new();
    let mut workers = Vec::new();
    for first in 0..WORKERS.min(copies.len()) {
        let share: Vec<Copy> = copies.iter().skip(first).step_by(WORKERS).cloned().collect();
        let (sender, batches) = mpsc::channel(AHEAD);
        senders.push(sender);
        workers.push(tokio::spawn(work(pool.clone(), share, batches)));
    }
    tell(from, to);
    let read = give(&mut log, &senders, (to, tell)).await;
    drop(senders);
    let mut outcome = Ok(());
    for worker in workers {
        let ended = worker.await.map_err(|_| RebuildError::Ended).and_then(|ended| ended);
        match ended {
            Ok(reached) if reached >= to => {}
            // A worker that ended early says why, or the reader does.
            Ok(_) => outcome = outcome.and(Err(RebuildError::Ended)),
            Err(error) => return Err(error),
        }
    }
    read?;
    outcome.map(|()| log.count())
}

/// Gives every batch to every worker, until the log is read or a worker has ended.
async fn give(
    log: &mut Replay,
    workers: &[mpsc::Sender<Batch>],
    (to, tell): (Position, Tell<'_>),
) -> Result<(), RebuildError> {
    while let Some(batch) = log.next().await? {
        let last = batch.last().map_or(to, |event| event.position);
        let batch = Arc::new(batch);
        for worker in workers {
            worker.send(batch.clone()).await.map_err(|_| RebuildError::Ended)?;
        }
        tell(last, to);
    }
    Ok(())
}

/// How far the one is that is behind most.
pub(crate) async fn lowest(pool: &PgPool, copies: &[Copy]) -> Result<Position, RebuildError> {
    let mut lowest = None;
    for copy in copies {
        let position = copy.position(pool).await?.ok_or(RebuildError::Ended)?;
        lowest = Some(lowest.map_or(position, |lowest: Position| lowest.min(position)));
    }
    lowest.ok_or(RebuildError::Ended)
}

/// Fills a share of the copies; answers how far the one is that is behind most.
async fn work(
    pool: PgPool,
    share: Vec<Copy>,
    mut batches: mpsc::Receiver<Batch>,
) -> Result<Position, RebuildError> {
    let mut reached = Vec::new();
    for copy in &share {
        reached.push(copy.position(&pool).await?.ok_or(RebuildError::Ended)?);
    }
    let mut place = share.first().map_or("read", |copy| &copy.schema);
    let mut connection = at_work(&pool, place).await?;
    while let Some(batch) = batches.recv().await {
        for (copy, reached) in share.iter().zip(&mut reached) {
            if copy.schema != place {
                place = &copy.schema;
                let elsewhere = format!("SET search_path = {place}, public");
                connection.execute(elsewhere.as_str()).await?;
            }
            let known = batch.partition_point(|event| event.position <= *reached);
            *reached = one_batch(&mut connection, copy, *reached, &batch[known..]).await?;
        }
    }
    reached.into_iter().min().ok_or(RebuildError::Ended)
}

/// Rows and checkpoint of one batch, in a transaction; answers where the copy stands then.
pub(crate) async fn one_batch(
    connection: &mut PgConnection,
    copy: &Copy,
    from: Position,
    batch: &[Recorded],
) -> Result<Position, RebuildError> {
    let Some(to) = batch.last().map(|event| event.position) else { return Ok(from) };
    let target = Target { projection: &*copy.projection, schema: &copy.schema };
    let mut tx = connection.begin().await?;
    match project(&mut tx, target, batch).await {
        Ok(()) => {}
        Err(error) if error.fault() == Fault::Event => {
            tx.rollback().await?;
            tx = connection.begin().await?;
            if let Came::Before { index, why } = project_carefully(&mut tx, target, batch).await? {
                let (name, position) = (copy.projection.name(), batch[index].position);
                return Err(RebuildError::Poison { name, position, why });
            }
        }
        Err(error) => return Err(error.into()),
    }
    checkpoint::advance(&mut tx, (&*copy.projection, &copy.schema), from, to).await?;
    tx.commit().await?;
    Ok(to)
}
