//! How is all of the log read, up to a position, and never short? Range by range, each counted
//! against the ledger's book.
//!
//! A range is one streamed statement, so no snapshot of the database is held for long. A task reads
//! and decodes while the caller still works on the batch before.
//!
//! *Guarantees*: [`Replay::next`] says that there is no more only when it has given exactly the
//! events after `after` up to `to`, in order. Whatever went wrong (a line cut, a row or a batch
//! removed, an event that is not known) is an error; an end that came too early is one too.
//!
//! Rows: A4.

use domain::ids::Position;
use futures::TryStreamExt as _;
use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, PgPool};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::copied::{Rows, statement};
use super::{ReadError, must_be_there, whole_head};
use crate::projection::Recorded;

/// How many positions one statement reads.
pub const RANGE: i64 = 100_000;
/// How many events are given at a time.
const BATCH: usize = 5_000;
/// How many batches wait to be taken.
const AHEAD: usize = 2;

/// All events of a stretch of the log, on their way.
pub struct Replay {
    batches: mpsc::Receiver<Vec<Recorded>>,
    reading: Option<JoinHandle<Result<u64, ReadError>>>,
    last: Position,
    to: Position,
    count: u64,
}

impl Replay {
    /// Begins to read the events after `after` up to `to`.
    ///
    /// The connection it takes from `pool` must be one without a statement time-out: whoever is
    /// slow to take a batch holds its statement up.
    ///
    /// # Errors
    /// When there is no connection.
    pub async fn begin(pool: &PgPool, after: Position, to: Position) -> Result<Self, ReadError> {
        // A connection that is left in the middle of a statement must not go back into the pool.
        let connection = pool.acquire().await?.detach();
        let (give, batches) = mpsc::channel(AHEAD);
        let reading = Some(tokio::spawn(read(connection, (after, to), give)));
        Ok(Self { batches, reading, last: after, to, count: 0 })
    }

    /// The next batch, in order; nothing once all there is has been given, and counted.
    ///
    /// # Errors
    /// When the log does not have all of it, or could not be read to the end.
    pub async fn next(&mut self) -> Result<Option<Vec<Recorded>>, ReadError> {
        if let Some(batch) = self.batches.recv().await {
            self.count += batch.len() as u64;
            self.last = batch.last().map_or(self.last, |event| event.position);
            return Ok(Some(batch));
        }
        // Only the reader's own word counts: that nothing comes any more may have any reason.
        if let Some(reading) = self.reading.take() {
            let ended = |error: tokio::task::JoinError| {
                ReadError::Database(sqlx::Error::Io(std::io::Error::other(error)))
            };
            let read = reading.await.map_err(ended)??;
            if read == self.count && self.last == self.to {
                return Ok(None);
            }
        }
        Err(ReadError::Gap { missing: Position(self.last.0 + 1) })
    }

    /// How many events have been given.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        if let Some(reading) = &self.reading {
            reading.abort();
        }
    }
}

/// Gives all events after `after` up to `to` to `each`, in order; answers how many there were.
///
/// # Errors
/// As [`Replay`]; else what `each` said.
pub async fn replay<E: From<ReadError>>(
    pool: &PgPool,
    after: Position,
    to: Position,
    mut each: impl AsyncFnMut(Vec<Recorded>) -> Result<(), E>,
) -> Result<u64, E> {
    let mut replay = Replay::begin(pool, after, to).await?;
    while let Some(batch) = replay.next().await? {
        each(batch).await?;
    }
    Ok(replay.count())
}

async fn read(
    mut connection: PgConnection,
    (after, to): (Position, Position),
    batches: mpsc::Sender<Vec<Recorded>>,
) -> Result<u64, ReadError> {
    let head = whole_head(&mut connection).await?;
    if to > head {
        return Err(ReadError::PastTheEnd { asked: to, head });
    }
    let mut from = after;
    let mut count = 0;
    while from < to {
        let end = Position(to.0.min(from.0 + RANGE));
        let wanted = must_be_there(&mut connection, from, end).await?;
        let read = read_one(&mut connection, from, end, &batches).await?;
        if read != wanted.unsigned_abs() {
            return Err(ReadError::Gap { missing: Position(from.0 + read.cast_signed() + 1) });
        }
        count += read;
        from = end;
    }
    connection.close().await.ok();
    Ok(count)
}

/// Reads one range to its end; answers how many events it gave away.
async fn read_one(
    connection: &mut PgConnection,
    after: Position,
    to: Position,
    batches: &mpsc::Sender<Vec<Recorded>>,
) -> Result<u64, ReadError> {
    let nobody_listens = |_| ReadError::Database(sqlx::Error::WorkerCrashed);
    let mut rows = Rows::new(after);
    let mut batch = Vec::with_capacity(BATCH);
    let mut count = 0;
    let statement = statement(after, to);
    let mut messages = connection.copy_out_raw(&statement).await?;
    while let Some(message) = messages.try_next().await? {
        rows.take_apart(&message, |event| batch.push(event))?;
        if batch.len() >= BATCH {
            count += batch.len() as u64;
            let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
            batches.send(full).await.map_err(nobody_listens)?;
        }
    }
    drop(messages);
    count += batch.len() as u64;
    if !batch.is_empty() {
        batches.send(batch).await.map_err(nobody_listens)?;
    }
    rows.end(to)?;
    Ok(count)
}
