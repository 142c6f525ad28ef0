//! What happens to a command? Load, decide, append; again when somebody else was faster.
//!
//! *Guarantees*: a refusal has no effect; a command that conflicts is decided anew on what is there
//! now, at most five times; what comes back as recorded is durable, and the position says where.
//!
//! Rows: R2, D6, Q4.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use cqrs_es::persist::PersistedEventStore;
use cqrs_es::{Aggregate, AggregateError, CqrsFramework, EventStore};
use domain::aggregate::At;
use domain::ids::Position;
use postgres_es::PostgresEventRepository;
use rand::RngExt;
use secrecy::SecretString;
use sqlx::PgPool;
use tokio::sync::watch;

use super::context::Context;
use super::engine::{Engine, EngineLimits};
use super::error::{ExecuteError, LedgerError, LoadError};
use super::store::{LedgerRepository, TRACE, Trace};
use crate::clock::Clock;
use crate::database::{self, Role};

const ROUNDS: u32 = 6;
const LONGEST_PAUSE_MS: u64 = 20;
const STOCK_CONNECTIONS: u32 = 2;

/// The write side of one process.
#[derive(Clone)]
pub struct Ledger {
    repository: LedgerRepository,
    engine: Arc<Engine>,
    pool: PgPool,
    clock: Clock,
}

/// What became of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Executed {
    /// The last event it recorded, or the last of the stream when there was nothing to record.
    pub position: Position,
    /// How many events it recorded.
    pub recorded: usize,
}

/// A stream's state.
#[derive(Debug, Clone)]
pub struct Loaded<A> {
    /// What its events add up to.
    pub state: A,
    /// How many there are.
    pub sequence: i64,
    /// The position of the last; 0 when there is none.
    pub position: Position,
}

type Framework<A> = CqrsFramework<A, PersistedEventStore<LedgerRepository, A>>;

impl Ledger {
    /// Connects to the log.
    ///
    /// # Errors
    /// [`LedgerError::Unreachable`].
    pub async fn start(
        url: &SecretString,
        clock: Clock,
        limits: EngineLimits,
    ) -> Result<Self, LedgerError> {
        let engine = Arc::new(Engine::start(url, limits).await?);
        let pool = database::connect(url, Role::App, STOCK_CONNECTIONS)
            .await
            .map_err(|error| LedgerError::Unreachable(error.to_string()))?;
        let stock = PostgresEventRepository::new(pool.clone());
        let repository = LedgerRepository::new(engine.clone(), stock);
        Ok(Self { repository, engine, pool, clock })
    }

    /// Decides a command on its stream and records what follows.
    ///
    /// # Errors
    /// [`ExecuteError`]: each of its cases is something else to do.
    pub async fn execute<A, C>(
        &self,
        stream_id: &str,
        command: C,
        context: &Context,
    ) -> Result<Executed, ExecuteError<A::Error>>
    where
        A: Aggregate<Command = At<C>, Services = ()> + 'static,
        C: Clone + Send + Sync + 'static,
    {
        for round in 0..ROUNDS {
            let wish = At { at: self.clock.now(), command: command.clone() };
            match self.once::<A>(stream_id, wish, context).await {
                Ok(executed) => return Ok(executed),
                Err(AggregateError::AggregateConflict) => {
                    if let Some(position) = self.recorded_before::<A>(stream_id, context).await {
                        return Err(ExecuteError::Duplicate { position });
                    }
                    pause(round).await;
                }
                Err(AggregateError::UserError(refusal)) => {
                    return Err(ExecuteError::Refused(refusal));
                }
                Err(AggregateError::DatabaseConnectionError(error)) => {
                    let known = error.downcast::<LedgerError>();
                    let error = known.map_or(LedgerError::NotSent, |error| *error);
                    return Err(ExecuteError::Unavailable(error));
                }
                Err(
                    AggregateError::DeserializationError(error)
                    | AggregateError::UnexpectedError(error),
                ) => return Err(ExecuteError::Corrupt(error)),
            }
        }
        Err(ExecuteError::Conflict)
    }

    async fn once<A>(
        &self,
        stream_id: &str,
        wish: A::Command,
        context: &Context,
    ) -> Result<Executed, AggregateError<A::Error>>
    where
        A: Aggregate<Services = ()> + 'static,
    {
        let framework: Framework<A> = CqrsFramework::new(self.store::<A>(), Vec::new(), ());
        let traced = async {
            let executed = framework.execute_with_metadata(stream_id, wish, context.metadata());
            executed.await.map(|()| TRACE.with(Cell::get))
        };
        let trace: Trace = TRACE.scope(Cell::new(Trace::default()), traced).await?;
        let position = Position(trace.appended.unwrap_or(trace.loaded));
        Ok(Executed { position, recorded: trace.recorded })
    }

    /// The state of a stream as it is now.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn load<A: Aggregate + 'static>(
        &self,
        stream_id: &str,
    ) -> Result<Loaded<A>, LoadError> {
        let loading = async {
            let events = self.store::<A>().load_events(stream_id).await;
            events.map(|events| (events, TRACE.with(Cell::get).loaded))
        };
        let loaded = TRACE.scope(Cell::new(Trace::default()), loading).await;
        let (events, position) = loaded.map_err(|error| match error {
            AggregateError::DatabaseConnectionError(error) => {
                let known = error.downcast::<LedgerError>();
                LoadError::Unavailable(known.map_or(LedgerError::NotSent, |error| *error))
            }
            AggregateError::DeserializationError(error)
            | AggregateError::UnexpectedError(error) => LoadError::Corrupt(error),
            AggregateError::UserError(_) | AggregateError::AggregateConflict => {
                LoadError::Unavailable(LedgerError::Conflict)
            }
        })?;
        let sequence = i64::try_from(events.len()).unwrap_or(i64::MAX);
        let mut state = A::default();
        events.into_iter().for_each(|envelope| state.apply(envelope.payload));
        Ok(Loaded { state, sequence, position: Position(position) })
    }

    fn store<A: Aggregate>(&self) -> PersistedEventStore<LedgerRepository, A> {
        PersistedEventStore::new_event_store(self.repository.clone())
    }

    /// Whether this very command is in the stream already; asked only after a conflict.
    async fn recorded_before<A: Aggregate>(
        &self,
        stream_id: &str,
        context: &Context,
    ) -> Option<Position> {
        let found: Result<Option<i64>, sqlx::Error> = sqlx::query_scalar(
            "SELECT max(position) FROM events
              WHERE aggregate_type = $1 AND aggregate_id = $2 AND metadata->>'command_id' = $3",
        )
        .bind(A::TYPE)
        .bind(stream_id)
        .bind(context.command_id.to_string())
        .fetch_one(&self.pool)
        .await;
        found.ok().flatten().map(Position)
    }

    /// The ledger's time.
    #[must_use]
    pub fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.clock.now()
    }

    /// The furthest position that this process has appended, raised as it appends.
    #[must_use]
    pub fn head(&self) -> watch::Receiver<Position> {
        self.engine.head()
    }

    /// Finishes what is queued and disconnects.
    pub async fn stop(&self) {
        self.engine.stop().await;
        self.pool.close().await;
    }
}

async fn pause(round: u32) {
    let longest = LONGEST_PAUSE_MS.min(2_u64 << round);
    let pause = rand::rng().random_range(0..=longest);
    tokio::time::sleep(Duration::from_millis(pause)).await;
}
