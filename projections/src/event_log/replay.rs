//! How is all of the log read, up to a position, and never short? Range by range, each counted
//! against the ledger's book.
//!
//! A range is one streamed statement, so no snapshot of the database is held for long. A task reads
//! and decodes while the caller still works on the batch before.
//!
//! *Guarantees*: [`replay`] answers with the number of events, and then `each` has been given
//! exactly those after `after` up to `to`, in order. Whatever went wrong (a line cut, a row or a
//! batch removed, an event that is not known) is an error; an end that came too early is one too.
//!
//! Rows: A4.

use domain::ids::Position;
use futures::TryStreamExt as _;
use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, PgPool};
use tokio::sync::mpsc;

use super::copied::{Rows, statement};
use super::{ReadError, must_be_there, whole_head};
use crate::projection::Recorded;

/// How many positions one statement reads.
pub const RANGE: i64 = 100_000;
/// How many events `each` is given at a time.
const BATCH: usize = 5_000;
/// How many batches wait for `each`.
const AHEAD: usize = 2;

/// Gives all events after `after` up to `to` to `each`, in order; answers how many there were.
///
/// The connection it takes from `pool` must be one without a statement time-out: a slow `each`
/// holds its statement up.
///
/// # Errors
/// [`ReadError`] when the log does not have all of them, or it was not read to the end; else what
/// `each` said.
pub async fn replay<E: From<ReadError>>(
    pool: &PgPool,
    after: Position,
    to: Position,
    mut each: impl AsyncFnMut(Vec<Recorded>) -> Result<(), E>,
) -> Result<u64, E> {
    // A connection that is left in the middle of a statement must not go back into the pool.
    let connection = pool.acquire().await.map_err(ReadError::from)?.detach();
    let (batches, mut received) = mpsc::channel(AHEAD);
    let reading = tokio::spawn(read(connection, after, to, batches));
    let mut last = after;
    while let Some(batch) = received.recv().await {
        last = batch.last().map_or(last, |event: &Recorded| event.position);
        if let Err(error) = each(batch).await {
            reading.abort();
            return Err(error);
        }
    }
    // Only the reader's own word counts: that nothing comes any more may have any reason.
    let read = reading.await.map_err(|ended| {
        ReadError::Database(sqlx::Error::Io(std::io::Error::other(ended.to_string())))
    })??;
    if last != to {
        return Err(ReadError::Gap { missing: Position(last.0 + 1) }.into());
    }
    Ok(read)
}

async fn read(
    mut connection: PgConnection,
    after: Position,
    to: Position,
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
