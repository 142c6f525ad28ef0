//! What has happened after a position? Events in order, and none left out.
//!
//! Positions are dense by construction, so every row must be the one after the row before. A hole
//! is not waited for: something was removed or restored wrongly, and whoever reads stops.
//!
//! *Why no filter by event type in SQL*: contiguity would be lost, and with it the only check that
//! can see a missing event.
//!
//! Rows: Q3, A4.

use domain::AnchorEvent;
use domain::event::DecodeError;
use domain::ids::Position;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row, ValueRef};

use crate::projection::{Recorded, RecordedContext};

const AFTER: &str = "
SELECT position, recorded_at, aggregate_type, aggregate_id, sequence, event_type, event_version,
       payload, metadata
  FROM public.events WHERE position > $1 ORDER BY position LIMIT $2";

/// The events after `after`, at most `limit` of them, in order.
///
/// # Errors
/// [`ReadError::Gap`] when one is missing, [`ReadError::Decode`] when one is not known here.
pub async fn read_after(
    connection: &mut PgConnection,
    after: Position,
    limit: i64,
) -> Result<Vec<Recorded>, ReadError> {
    let rows = sqlx::query(AFTER).bind(after.0).bind(limit).fetch_all(connection).await?;
    let mut expected = after.0;
    rows.iter()
        .map(|row| {
            expected += 1;
            let position: i64 = row.try_get(0)?;
            if position != expected {
                return Err(ReadError::Gap { missing: Position(expected) });
            }
            decode(row, Position(position))
        })
        .collect()
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
    let aggregate_type: String = row.try_get(2)?;
    let name: &str = row.try_get(5)?;
    let version: &str = row.try_get(6)?;
    let event = AnchorEvent::decode(&aggregate_type, name, version, bytes(row, 7)?)
        .map_err(|source| ReadError::Decode { position, source })?;
    let context: RecordedContext = serde_json::from_slice(bytes(row, 8)?).unwrap_or_default();
    Ok(Recorded {
        position,
        recorded_at: row.try_get(1)?,
        aggregate_type,
        aggregate_id: row.try_get(3)?,
        sequence: row.try_get(4)?,
        event,
        context,
    })
}

/// A json column's own bytes; nothing is parsed twice.
fn bytes(row: &PgRow, column: usize) -> Result<&[u8], sqlx::Error> {
    let raw = row.try_get_raw(column)?;
    if raw.is_null() {
        return Err(sqlx::Error::ColumnNotFound(column.to_string()));
    }
    raw.as_bytes().map_err(sqlx::Error::Decode)
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
