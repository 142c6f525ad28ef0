//! How does cqrs-es reach the engine? Through a store of its own: from the bytes of a row to an
//! event and back, with nothing between.
//!
//! *Why not postgres-es's repository behind cqrs-es's persisted store*: there each event becomes a
//! tree of JSON values on its way in and out. The table contract is postgres-es's all the same, and
//! its own repository may write beside.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Instant;

use cqrs_es::persist::PersistenceError;
use cqrs_es::{
    Aggregate, AggregateContext, AggregateError, DomainEvent, EventEnvelope, EventStore,
};
use domain::ids::Position;
use sqlx::postgres::PgRow;
use sqlx::{Row, ValueRef};

use super::context::Context;
use super::engine::{Append, Engine, NewEvent};
use super::error::LedgerError;

/// What one command touched, beside what the framework answers.
#[derive(Debug, Default)]
pub(super) struct Trace {
    last: AtomicI64,
    recorded: AtomicUsize,
}

impl Trace {
    /// The last position of the stream: of what was appended, or of what was there.
    pub fn last(&self) -> Position {
        Position(self.last.load(Ordering::Relaxed))
    }

    /// How many events were appended.
    pub fn recorded(&self) -> usize {
        self.recorded.load(Ordering::Relaxed)
    }
}

/// The ledger as one command sees it.
pub(super) struct LedgerStore<'c> {
    pub engine: &'c Engine,
    pub context: &'c Context,
    pub trace: &'c Trace,
}

/// A stream as it was loaded.
pub(super) struct Stream<A> {
    id: String,
    /// What its events add up to.
    pub state: A,
    /// How many there are.
    pub sequence: i64,
    /// The position of the last; 0 when there is none.
    pub position: i64,
}

impl<A: Aggregate> AggregateContext<A> for Stream<A> {
    fn aggregate(&mut self) -> &mut A {
        &mut self.state
    }
}

/// Reads a stream and adds its events up.
pub(super) async fn load<A: Aggregate>(
    engine: &Engine,
    id: &str,
) -> Result<Stream<A>, PersistenceError> {
    let rows = engine.load(A::TYPE, id).await.map_err(persistence_error)?;
    let mut stream = Stream { id: id.to_owned(), state: A::default(), sequence: 0, position: 0 };
    for stored in in_order(&rows)? {
        stream.state.apply(serde_json::from_slice(stored.payload)?);
        (stream.sequence, stream.position) = (stored.sequence, stored.position);
    }
    Ok(stream)
}

impl<A: Aggregate> EventStore<A> for LedgerStore<'_> {
    type AC = Stream<A>;

    async fn load_events(
        &self,
        id: &str,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        let rows = self.engine.load(A::TYPE, id).await.map_err(persistence_error)?;
        let envelope = |stored: Stored<'_>| {
            Ok(EventEnvelope {
                aggregate_id: id.to_owned(),
                sequence: usize::try_from(stored.sequence).unwrap_or_default(),
                payload: serde_json::from_slice(stored.payload).map_err(PersistenceError::from)?,
                metadata: HashMap::new(),
            })
        };
        in_order(&rows)?.into_iter().map(envelope).collect()
    }

    async fn load_aggregate(&self, id: &str) -> Result<Stream<A>, AggregateError<A::Error>> {
        let stream = load(self.engine, id).await?;
        self.trace.last.store(stream.position, Ordering::Relaxed);
        Ok(stream)
    }

    /// Appends the events under the command's own context; the framework's `_metadata` stays empty.
    /// Gives nothing back, because no query of the framework waits for it.
    async fn commit(
        &self,
        events: Vec<A::Event>,
        stream: Stream<A>,
        _metadata: HashMap<String, String>,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let metadata = self.context.metadata().map_err(PersistenceError::from)?;
        let metadata: Arc<str> = metadata.into();
        let new_event = |event: &A::Event| {
            Ok(NewEvent {
                name: event.event_type(),
                version: event.event_version(),
                payload: serde_json::to_string(event).map_err(PersistenceError::from)?,
                metadata: metadata.clone(),
            })
        };
        let new_events: Result<Vec<_>, PersistenceError> = events.iter().map(new_event).collect();
        let new_events = new_events?;
        let appended = self.engine.append(|reply| Append {
            stream_type: A::TYPE,
            stream_id: stream.id,
            first: stream.sequence + 1,
            events: new_events,
            command_id: self.context.command_id.to_string(),
            was_sent: false,
            since: Instant::now(),
            reply,
        });
        let position = appended.await.map_err(persistence_error)?;
        self.trace.last.store(position, Ordering::Relaxed);
        self.trace.recorded.store(events.len(), Ordering::Relaxed);
        Ok(Vec::new())
    }
}

/// A stored event, its payload still the bytes of its row.
struct Stored<'r> {
    sequence: i64,
    position: i64,
    payload: &'r [u8],
}

/// The rows of one stream in order; a stream with a hole is refused.
fn in_order(rows: &[PgRow]) -> Result<Vec<Stored<'_>>, PersistenceError> {
    let mut stored =
        rows.iter().map(read_row).collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    stored.sort_unstable_by_key(|stored| stored.sequence);
    for (expected, found) in (1..).zip(&stored) {
        if found.sequence != expected {
            return Err(unreadable(Hole { expected, found: found.sequence }));
        }
    }
    Ok(stored)
}

fn read_row(row: &PgRow) -> Result<Stored<'_>, sqlx::Error> {
    let payload = row.try_get_raw(3)?;
    if payload.is_null() {
        return Err(sqlx::Error::ColumnNotFound("payload".to_owned()));
    }
    Ok(Stored {
        sequence: row.try_get(1)?,
        position: row.try_get(2)?,
        payload: payload.as_bytes().map_err(sqlx::Error::Decode)?,
    })
}

/// A stream lacks an event: something outside the program removed or wrote one.
#[derive(Debug, thiserror::Error)]
#[error("event {expected} of the stream is missing; the next is {found}")]
struct Hole {
    expected: i64,
    found: i64,
}

fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> PersistenceError {
    PersistenceError::DeserializationError(Box::new(error))
}

fn persistence_error(error: LedgerError) -> PersistenceError {
    match error {
        LedgerError::Conflict => PersistenceError::OptimisticLockError,
        LedgerError::Rejected { .. } => PersistenceError::UnknownError(Box::new(error)),
        LedgerError::QueueFull
        | LedgerError::NotSent
        | LedgerError::OutcomeUnknown
        | LedgerError::Stopped
        | LedgerError::Unreachable(_) => PersistenceError::ConnectionError(Box::new(error)),
    }
}
