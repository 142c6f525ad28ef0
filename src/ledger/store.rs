//! How does cqrs-es reach the engine? A repository around postgres-es's own.
//!
//! Loading a stream and persisting a command's events go through the engine; everything else is the
//! stock repository's. The position of what was appended comes back beside the call, in a
//! task-local, because the framework's answer has no room for it.

use std::cell::Cell;
use std::sync::Arc;

use cqrs_es::Aggregate;
use cqrs_es::persist::{
    PersistedEventRepository, PersistenceError, ReplayStream, SerializedEvent, SerializedSnapshot,
};
use postgres_es::PostgresEventRepository;
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{Row, ValueRef};
use std::time::Instant;

use super::engine::{Append, Engine, NewEvent};
use super::error::LedgerError;

/// What a command touched, beside what the framework answers.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Trace {
    /// The last position of the stream as loaded.
    pub loaded: i64,
    /// The last position that was appended.
    pub appended: Option<i64>,
    /// How many events were.
    pub recorded: usize,
}

tokio::task_local! {
    pub(super) static TRACE: Cell<Trace>;
}

/// postgres-es's repository with batched loads and appends.
#[derive(Clone)]
pub struct LedgerRepository {
    engine: Arc<Engine>,
    stock: Arc<PostgresEventRepository>,
}

impl LedgerRepository {
    pub(super) fn new(engine: Arc<Engine>, stock: PostgresEventRepository) -> Self {
        Self { engine, stock: Arc::new(stock) }
    }
}

impl PersistedEventRepository for LedgerRepository {
    async fn get_events<A: Aggregate>(
        &self,
        aggregate_id: &str,
    ) -> Result<Vec<SerializedEvent>, PersistenceError> {
        let rows = self.engine.load(A::TYPE, aggregate_id).await.map_err(persistence_error)?;
        let stored = in_order(&rows)?;
        let last = stored.last().map_or(0, |stored| stored.position);
        TRACE.try_with(|trace| trace.set(Trace { loaded: last, ..trace.get() })).ok();
        stored.into_iter().map(|stored| stored.serialized(A::TYPE, aggregate_id)).collect()
    }

    async fn persist<A: Aggregate>(
        &self,
        events: &[SerializedEvent],
        snapshot_update: Option<(String, Value, usize)>,
    ) -> Result<(), PersistenceError> {
        if snapshot_update.is_some() {
            return Err(PersistenceError::UnknownError("the ledger keeps no snapshots".into()));
        }
        let Some(first) = events.first() else { return Ok(()) };
        let metadata: Arc<str> = first.metadata.to_string().into();
        let command_id = first.metadata["command_id"].as_str().unwrap_or_default().to_owned();
        let new_events = events
            .iter()
            .map(|event| NewEvent {
                name: event.event_type.clone(),
                version: event.event_version.clone(),
                payload: event.payload.to_string(),
                metadata: metadata.clone(),
            })
            .collect();
        let appended = self.engine.append(|reply| Append {
            stream_type: A::TYPE,
            stream_id: first.aggregate_id.clone(),
            first: i64::try_from(first.sequence).unwrap_or(i64::MAX),
            events: new_events,
            command_id,
            was_sent: false,
            since: Instant::now(),
            reply,
        });
        let position = appended.await.map_err(persistence_error)?;
        TRACE
            .try_with(|trace| {
                let appended = Some(position);
                trace.set(Trace { appended, recorded: events.len(), ..trace.get() });
            })
            .ok();
        Ok(())
    }

    async fn get_last_events<A: Aggregate>(
        &self,
        aggregate_id: &str,
        last_sequence: usize,
    ) -> Result<Vec<SerializedEvent>, PersistenceError> {
        self.stock.get_last_events::<A>(aggregate_id, last_sequence).await
    }

    async fn get_snapshot<A: Aggregate>(
        &self,
        aggregate_id: &str,
    ) -> Result<Option<SerializedSnapshot>, PersistenceError> {
        self.stock.get_snapshot::<A>(aggregate_id).await
    }

    async fn stream_events<A: Aggregate>(
        &self,
        aggregate_id: &str,
    ) -> Result<ReplayStream, PersistenceError> {
        self.stock.stream_events::<A>(aggregate_id).await
    }

    async fn stream_all_events<A: Aggregate>(&self) -> Result<ReplayStream, PersistenceError> {
        self.stock.stream_all_events::<A>().await
    }
}

/// A stored event, its payload still the bytes of its row.
pub(super) struct Stored<'r> {
    pub sequence: i64,
    pub position: i64,
    name: &'r str,
    version: &'r str,
    payload: &'r [u8],
}

impl Stored<'_> {
    fn serialized(&self, ty: &str, id: &str) -> Result<SerializedEvent, PersistenceError> {
        Ok(SerializedEvent::new(
            id.to_owned(),
            usize::try_from(self.sequence).unwrap_or_default(),
            ty.to_owned(),
            self.name.to_owned(),
            self.version.to_owned(),
            serde_json::from_slice(self.payload)?,
            Value::Object(serde_json::Map::new()),
        ))
    }
}

/// The rows of one stream in order; a stream with a hole is refused.
pub(super) fn in_order(rows: &[PgRow]) -> Result<Vec<Stored<'_>>, PersistenceError> {
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
    let payload = row.try_get_raw(5)?;
    if payload.is_null() {
        return Err(sqlx::Error::ColumnNotFound("payload".to_owned()));
    }
    Ok(Stored {
        sequence: row.try_get(1)?,
        position: row.try_get(2)?,
        name: row.try_get(3)?,
        version: row.try_get(4)?,
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

pub(super) fn persistence_error(error: LedgerError) -> PersistenceError {
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
