//! What happens to a command? Load, decide, append; again when somebody else was faster.
//!
//! *Guarantees*: a refusal has no effect; a command that conflicts is decided anew on what is there
//! now, at most five times; what comes back as recorded is durable, and the position says where.
//!
//! Rows: R2, D6, Q4.

use std::sync::Arc;
use std::time::Duration;

use cqrs_es::persist::PersistenceError;
use cqrs_es::{Aggregate, AggregateError, CqrsFramework};
use domain::aggregate::At;
use domain::ids::Position;
use rand::RngExt;
use secrecy::SecretString;
use sqlx::PgPool;
use tokio::sync::watch;

use super::context::Context;
use super::engine::{Engine, EngineLimits};
use super::error::{ExecuteError, LedgerError, LoadError};
use super::store::{self, LedgerStore, Stream, Trace};
use crate::clock::Clock;
use crate::database::{self, Role};

const ROUNDS: u32 = 6;
const LONGEST_PAUSE_MS: u64 = 20;
const OTHER_CONNECTIONS: u32 = 2;

/// The write side of one process.
#[derive(Clone)]
pub struct Ledger {
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

impl Ledger {
    pub(super) fn pool(&self) -> &PgPool {
        &self.pool
    }

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
        let pool = database::connect(url, Role::App, OTHER_CONNECTIONS)
            .await
            .map_err(|error| LedgerError::Unreachable(error.to_string()))?;
        Ok(Self { engine, pool, clock })
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
        let trace = Trace::default();
        let store = LedgerStore { engine: &self.engine, context, trace: &trace };
        let framework: CqrsFramework<A, _> = CqrsFramework::new(store, Vec::new(), ());
        framework.execute(stream_id, wish).await?;
        Ok(Executed { position: trace.last(), recorded: trace.recorded() })
    }

    /// The state of a stream as it is now.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn load<A: Aggregate + 'static>(
        &self,
        stream_id: &str,
    ) -> Result<Loaded<A>, LoadError> {
        let stream = store::load::<A>(&self.engine, stream_id).await;
        let Stream { state, sequence, position, .. } = stream.map_err(|error| match error {
            PersistenceError::ConnectionError(error) => {
                let known = error.downcast::<LedgerError>();
                LoadError::Unavailable(known.map_or(LedgerError::NotSent, |error| *error))
            }
            PersistenceError::DeserializationError(error)
            | PersistenceError::UnknownError(error) => LoadError::Corrupt(error),
            PersistenceError::OptimisticLockError => LoadError::Unavailable(LedgerError::Conflict),
        })?;
        Ok(Loaded { state, sequence, position: Position(position) })
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
