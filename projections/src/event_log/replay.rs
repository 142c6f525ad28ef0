//! How is all of the log read, up to a position, and never short? Range by range, each counted
//! against the ledger's book.
//!
//! A range is one streamed statement, so no snapshot of the database is held for long. One task
//! reads, and what it read is decoded beside it, several pieces at once, while the caller still
//! works on the batch before: decoding takes longer than what the server does.
//!
//! *Guarantees*: [`Replay::next`] says that there is no more only when it has given exactly the
//! events after `after` up to `to`, in order. Whatever went wrong (a line cut, a row or a batch
//! removed, an event that is not known) is an error; an end that came too early is one too.
//!
//! Rows: A4.

use domain::ids::Position;
use futures::TryStreamExt as _;
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, PgPool, Postgres};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::copied::{Rows, statement};
use super::{ReadError, must_be_there, whole_head};
use crate::projection::Recorded;

/// How many positions one statement reads.
pub const RANGE: i64 = 100_000;
/// How many events are given at a time.
const BATCH: usize = 5_000;
/// How many are decoded at a time.
const PIECE: usize = 1_000;
/// How many pieces are being decoded or wait to be taken.
const AHEAD: usize = 10;

/// A piece of a batch that is being decoded.
type Decoding = JoinHandle<Result<Vec<Recorded>, ReadError>>;

/// All events of a stretch of the log, on their way.
pub struct Replay {
    pieces: mpsc::Receiver<Decoding>,
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
        let connection = Lent(Some(pool.acquire().await?));
        let (give, pieces) = mpsc::channel(AHEAD);
        let reading = Some(tokio::spawn(read(connection, (after, to), give)));
        Ok(Self { pieces, reading, last: after, to, count: 0 })
    }

    /// The next batch, in order; nothing once all there is has been given, and counted.
    ///
    /// # Errors
    /// When the log does not have all of it, or could not be read to the end.
    pub async fn next(&mut self) -> Result<Option<Vec<Recorded>>, ReadError> {
        let mut batch = Vec::new();
        while batch.len() < BATCH
            && let Some(decoding) = self.pieces.recv().await
        {
            let piece = decoding.await.map_err(ended)??;
            if piece.first().is_none_or(|event| event.position.0 != self.last.0 + 1) {
                return Err(ReadError::Gap { missing: Position(self.last.0 + 1) });
            }
            self.last = piece.last().map_or(self.last, |event| event.position);
            self.count += piece.len() as u64;
            if batch.is_empty() { batch = piece } else { batch.extend(piece) }
        }
        if !batch.is_empty() {
            return Ok(Some(batch));
        }
        // Only the reader's own word counts: that nothing comes any more may have any reason.
        if let Some(reading) = self.reading.take() {
            let must_be_there = reading.await.map_err(ended)??;
            if must_be_there == self.count && self.last == self.to {
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

fn ended(error: tokio::task::JoinError) -> ReadError {
    ReadError::Database(sqlx::Error::Io(std::io::Error::other(error)))
}

/// A connection of the pool. One that is left in the middle of a statement must not go back there.
struct Lent(Option<PoolConnection<Postgres>>);

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(unfinished) = self.0.take() {
            drop(unfinished.detach());
        }
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

/// Reads range by range; answers how many events the ledger's book says there are.
async fn read(
    mut lent: Lent,
    (after, to): (Position, Position),
    pieces: mpsc::Sender<Decoding>,
) -> Result<u64, ReadError> {
    let Some(connection) = lent.0.as_deref_mut() else { return Ok(0) };
    let head = whole_head(connection).await?;
    if to > head {
        return Err(ReadError::PastTheEnd { asked: to, head });
    }
    let mut from = after;
    let mut count = 0;
    while from < to {
        let end = Position(to.0.min(from.0 + RANGE));
        count += must_be_there(connection, from, end).await?.unsigned_abs();
        read_one(connection, from, end, &pieces).await?;
        from = end;
    }
    drop(lent.0.take());
    Ok(count)
}

/// Reads one range to its end and has it decoded, a piece at a time.
async fn read_one(
    connection: &mut PgConnection,
    after: Position,
    to: Position,
    pieces: &mpsc::Sender<Decoding>,
) -> Result<(), ReadError> {
    let nobody_listens = |_| ReadError::Database(sqlx::Error::WorkerCrashed);
    let mut rows = Rows::new(after);
    let mut given = after;
    let mut piece = Vec::with_capacity(PIECE);
    let statement = statement(after, to);
    let mut messages = connection.copy_out_raw(&statement).await?;
    // The server sends one message a row, and one for the end. Were it otherwise, the rows of the
    // next piece would not be those that are expected there, and that is an error.
    while let Some(message) = messages.try_next().await? {
        piece.push(message);
        if piece.len() == PIECE {
            given = Position(given.0 + PIECE as i64);
            let full = std::mem::replace(&mut piece, Vec::with_capacity(PIECE));
            let rows = std::mem::replace(&mut rows, Rows::going_on(given));
            let decoding = tokio::spawn(decode(rows, full, given));
            pieces.send(decoding).await.map_err(nobody_listens)?;
        }
    }
    if piece.len() > 1 {
        pieces.send(tokio::spawn(decode(rows, piece, to))).await.map_err(nobody_listens)?;
    }
    Ok(())
}

/// Decodes what was read, which has to end with the event at `to`.
async fn decode(
    mut rows: Rows,
    messages: Vec<impl AsRef<[u8]>>,
    to: Position,
) -> Result<Vec<Recorded>, ReadError> {
    let mut events = Vec::with_capacity(messages.len());
    for message in messages {
        rows.take_apart(message.as_ref(), |event| events.push(event))?;
    }
    rows.end(to)?;
    Ok(events)
}
