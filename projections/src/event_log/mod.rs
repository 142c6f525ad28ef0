//! What has happened after a position? Events in order, and none left out.
//!
//! Positions are dense by construction, so every row must be the one after the row before. A hole
//! is not waited for: something was removed or restored wrongly, and whoever reads stops.
//!
//! | reader | for | how |
//! | --- | --- | --- |
//! | [`read_after`] | what is new, again and again | one prepared query a batch |
//! | [`read_many`] | thousands of them | one `COPY`, taken apart byte by byte |
//! | [`replay`](fn@replay) | all of it, up to a position | such ranges, each counted |
//!
//! *Why no filter by event type in SQL*: contiguity would be lost, and with it the only check that
//! can see a missing event.
//!
//! Rows: Q3, A4.

mod account;
mod copied;
mod replay;
#[cfg(test)]
mod tests;

use domain::AnchorEvent;
use domain::event::DecodeError;
use domain::ids::Position;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row, ValueRef};

pub use account::{must_be_there, whole_head};
pub use copied::read_many;
pub use replay::{RANGE, Replay, replay};

use crate::projection::Recorded;

const AFTER: &str = "
SELECT position, recorded_at, aggregate_type, aggregate_id, sequence, event_type, event_version,
       payload, metadata
  FROM public.events WHERE position > $1 ORDER BY position LIMIT $2";

/// The events after `after`, at most `limit` of them, in order; they end before one that is not
/// known here.
///
/// # Errors
/// [`ReadError::Gap`] when one is missing, [`ReadError::Decode`] when the first is not known here.
pub async fn read_after(
    connection: &mut PgConnection,
    after: Position,
    limit: i64,
) -> Result<Vec<Recorded>, ReadError> {
    let rows = sqlx::query(AFTER).bind(after.0).bind(limit).fetch_all(connection).await?;
    let mut events = Vec::with_capacity(rows.len());
    let mut outcome = Ok(());
    for (expected, row) in (after.0 + 1..).zip(&rows) {
        let position: i64 = row.try_get(0)?;
        if position != expected {
            return Err(ReadError::Gap { missing: Position(expected) });
        }
        match decode(row, Position(position)) {
            Ok(event) => events.push(event),
            Err(error) => {
                outcome = Err(error);
                break;
            }
        }
    }
    up_to_the_unreadable(events, outcome)
}

/// What comes before an event that is not known here can still be worked on.
fn up_to_the_unreadable(
    events: Vec<Recorded>,
    outcome: Result<(), ReadError>,
) -> Result<Vec<Recorded>, ReadError> {
    match outcome {
        Err(ReadError::Decode { .. }) if !events.is_empty() => Ok(events),
        Ok(()) => Ok(events),
        Err(error) => Err(error),
    }
}

/// The last position of the log.
///
/// # Errors
/// When the database cannot be asked.
pub async fn head(connection: &mut PgConnection) -> Result<Position, sqlx::Error> {
    let head = sqlx::query_scalar(
        "SELECT coalesce((SELECT last_position FROM public.ledger_batches
                           ORDER BY first_position DESC LIMIT 1), 0)",
    );
    Ok(Position(head.fetch_one(connection).await?))
}

fn decode(row: &PgRow, position: Position) -> Result<Recorded, ReadError> {
    let stored = Stored {
        position,
        recorded_at: row.try_get(1)?,
        aggregate_type: row.try_get(2)?,
        aggregate_id: row.try_get(3)?,
        sequence: row.try_get(4)?,
        event_type: row.try_get(5)?,
        event_version: row.try_get(6)?,
        payload: bytes(row, 7)?,
        metadata: std::str::from_utf8(bytes(row, 8)?)
            .map_err(|e| sqlx::Error::Decode(e.into()))?,
    };
    stored.decode()
}

/// A json column's own bytes; nothing is parsed twice.
fn bytes(row: &PgRow, column: usize) -> Result<&[u8], sqlx::Error> {
    let raw = row.try_get_raw(column)?;
    if raw.is_null() {
        return Err(sqlx::Error::ColumnNotFound(column.to_string()));
    }
    raw.as_bytes().map_err(sqlx::Error::Decode)
}

/// A row as it lies in the reader's buffer.
struct Stored<'a> {
    position: Position,
    recorded_at: chrono::DateTime<chrono::Utc>,
    aggregate_type: &'a str,
    aggregate_id: &'a str,
    sequence: i64,
    event_type: &'a str,
    event_version: &'a str,
    payload: &'a [u8],
    metadata: &'a str,
}

impl Stored<'_> {
    fn decode(self) -> Result<Recorded, ReadError> {
        let Self { aggregate_type, event_type, event_version, position, .. } = self;
        let event = AnchorEvent::decode(aggregate_type, event_type, event_version, self.payload)
            .map_err(|source| ReadError::Decode { position, source })?;
        Ok(Recorded {
            position,
            recorded_at: self.recorded_at,
            aggregate_type: event.stream(),
            aggregate_id: self.aggregate_id.to_owned(),
            sequence: self.sequence,
            event,
            metadata: self.metadata.into(),
        })
    }
}

/// Why the log could not be read on.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The database could not be asked; try again.
    #[error("the log could not be read")]
    Database(#[from] sqlx::Error),
    /// An event is missing: stop, and have people look.
    #[error("the event at position {missing} is missing")]
    Gap {
        /// Which.
        missing: Position,
    },
    /// The log and its book of batches do not agree: stop, and have people look.
    #[error(
        "the log is not whole: after position {after} its batches account for {accounted} events \
         up to position {to}"
    )]
    NotWhole {
        /// Where the range begins.
        after: Position,
        /// Where it ends.
        to: Position,
        /// How many events the batches tell of.
        accounted: i64,
    },
    /// Events and batches end at different places: stop, and have people look.
    #[error("the log ends at position {events}, and its batches at {batches}")]
    TwoEnds {
        /// The last event.
        events: Position,
        /// The end of the last batch.
        batches: Position,
    },
    /// There is no such position yet.
    #[error("the log ends at position {head}, before position {asked}")]
    PastTheEnd {
        /// What was asked for.
        asked: Position,
        /// Where it ends.
        head: Position,
    },
    /// The server sent something that is no row of the log.
    #[error("what came after position {after} is no row of the log")]
    Unreadable {
        /// The last row that was one.
        after: Position,
    },
    /// An event is not known to this program: stop, and run the one that wrote it.
    #[error("the event at position {position} cannot be read")]
    Decode {
        /// Which.
        position: Position,
        /// Why.
        #[source]
        source: DecodeError,
    },
}
