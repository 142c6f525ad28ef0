//! How do events become rows, exactly once? A batch, its rows and the checkpoint in one
//! transaction.
//!
//! Any number of instances may run the same projection: whoever locks its checkpoint works, the
//! others come back later. A batch that fails is tried again; one that keeps failing is halved
//! until the event is found. Then the projection stops ([`Poison::Halt`]), or sets the event aside
//! with all later ones of its stream and goes on ([`Poison::Park`]).
//!
//! Rows: Q3, Q4, D6.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::ids::Position;
use serde::Serialize;
use sqlx::{Acquire, PgConnection, PgPool};
use tokio::sync::watch;

use crate::checkpoint::{self, Turn};
use crate::event_log::{self, ReadError};
use crate::projection::{Poison, Projection, ProjectionError, Recorded};

/// Events in one transaction when there is little to do.
const LIVE_BATCH: i64 = 1_000;
/// And when there is much.
const CATCH_UP_BATCH: i64 = 5_000;
const POLL: Duration = Duration::from_millis(250);
const AFTER_ERROR: Duration = Duration::from_millis(200);
const TRIES: u32 = 3;

/// Runs one projection.
pub struct Runner {
    pool: PgPool,
    projection: Arc<dyn Projection>,
    head: watch::Receiver<Position>,
    reached: watch::Sender<Position>,
    failures: u32,
}

/// What a turn came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// So many events became rows.
    Projected(usize),
    /// Nothing new, or another instance is at it.
    Nothing,
}

impl Runner {
    /// A runner that is woken when `head` moves.
    #[must_use]
    pub fn new(
        pool: PgPool,
        projection: Arc<dyn Projection>,
        head: watch::Receiver<Position>,
    ) -> Self {
        let reached = watch::Sender::new(Position::default());
        Self { pool, projection, head, reached, failures: 0 }
    }

    /// Its projection's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.projection.name()
    }

    /// Raised whenever this runner has committed rows.
    #[must_use]
    pub fn reached(&self) -> watch::Receiver<Position> {
        self.reached.subscribe()
    }

    /// Projects until `stop` says true.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow_and_update() {
            self.head.mark_unchanged();
            let pause = match self.turn().await {
                Ok(Progress::Projected(_)) => continue,
                Ok(Progress::Nothing) => POLL,
                Err(error) => {
                    let name = self.projection.name();
                    tracing::error!(projection = name, error = chain(&error), "a batch failed");
                    AFTER_ERROR
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                moved = self.head.changed() => if moved.is_err() {
                    tokio::time::sleep(pause).await;
                },
                _ = stop.changed() => {}
            }
        }
    }

    /// Projects everything there is.
    ///
    /// # Errors
    /// When a batch cannot become rows.
    pub async fn catch_up(&mut self) -> Result<usize, RunError> {
        let mut projected = 0;
        while let Progress::Projected(more) = self.turn().await? {
            projected += more;
        }
        Ok(projected)
    }

    /// One batch.
    ///
    /// # Errors
    /// When it cannot become rows; nothing of it is kept.
    pub async fn turn(&mut self) -> Result<Progress, RunError> {
        if *self.reached.borrow() == Position::default() {
            checkpoint::ensure(&self.pool, &*self.projection).await?;
        }
        match self.one_batch(self.batch_size()).await {
            Ok(progress) => {
                self.failures = 0;
                Ok(progress)
            }
            Err(error) if error.is_passing() => Err(error),
            Err(error) => {
                self.failures += 1;
                if self.failures < TRIES {
                    return Err(error);
                }
                self.failures = 0;
                self.set_aside(&error).await?;
                Err(error)
            }
        }
    }

    fn batch_size(&self) -> i64 {
        let lag = self.head.borrow().0 - self.reached.borrow().0;
        if lag > 2 * CATCH_UP_BATCH { CATCH_UP_BATCH } else { LIVE_BATCH }
    }

    async fn one_batch(&self, limit: i64) -> Result<Progress, RunError> {
        let mut tx = self.pool.begin().await?;
        let Turn::Ours(from) = checkpoint::take(&mut tx, &*self.projection).await? else {
            return Ok(Progress::Nothing);
        };
        let batch = event_log::read_after(&mut tx, from, limit).await?;
        let Some(last) = batch.last().map(|event| event.position) else {
            tx.rollback().await?;
            self.reached.send_replace(from);
            return Ok(Progress::Nothing);
        };
        let count = batch.len();
        let batch = self.without_parked_streams(batch, &mut tx).await?;
        self.projection.project(&batch, &mut tx).await?;
        checkpoint::advance(&mut tx, &*self.projection, from, last).await?;
        tx.commit().await?;
        self.reached.send_replace(last);
        Ok(Progress::Projected(count))
    }

    /// Later events of a stream that has one set aside wait behind it.
    async fn without_parked_streams(
        &self,
        batch: Vec<Recorded>,
        tx: &mut PgConnection,
    ) -> Result<Vec<Recorded>, RunError> {
        if self.projection.on_poison() == Poison::Halt {
            return Ok(batch);
        }
        let streams: Vec<&str> = batch.iter().map(|event| event.aggregate_id.as_str()).collect();
        let parked: Vec<String> = sqlx::query_scalar(
            "SELECT DISTINCT aggregate_id FROM public.parked
              WHERE name = $1 AND version = $2 AND aggregate_id = ANY($3)",
        )
        .bind(self.projection.name())
        .bind(self.projection.version())
        .bind(&streams)
        .fetch_all(&mut *tx)
        .await?;
        let (waiting, rest): (Vec<_>, Vec<_>) =
            batch.into_iter().partition(|event| parked.contains(&event.aggregate_id));
        for event in waiting {
            self.park(&event, "an earlier event of its stream is parked", tx).await?;
        }
        Ok(rest)
    }

    async fn park(
        &self,
        event: &Recorded,
        why: &str,
        tx: &mut PgConnection,
    ) -> Result<(), sqlx::Error> {
        sqlx::query(
            "INSERT INTO public.parked (name, version, position, aggregate_id, error)
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        )
        .bind(self.projection.name())
        .bind(self.projection.version())
        .bind(event.position.0)
        .bind(&event.aggregate_id)
        .bind(why)
        .execute(tx)
        .await?;
        Ok(())
    }

    /// Halves the batch until the event that cannot be projected is found, then parks it or halts.
    async fn set_aside(&self, error: &RunError) -> Result<(), RunError> {
        let mut limit = self.batch_size();
        while limit > 1 {
            let half = limit / 2;
            if let Ok(Progress::Projected(_)) = self.one_batch(half).await {
                continue;
            }
            limit = half;
        }
        let why = chain(error);
        let mut tx = self.pool.begin().await?;
        let Turn::Ours(from) = checkpoint::take(&mut tx, &*self.projection).await? else {
            return Ok(());
        };
        let poisoned = event_log::read_after(&mut tx, from, 1).await;
        match (self.projection.on_poison(), poisoned) {
            (Poison::Park, Ok(events)) if !events.is_empty() => {
                let mut attempt = tx.begin().await?;
                let retried = self.projection.project(&events, &mut attempt).await;
                attempt.rollback().await?;
                if retried.is_ok() {
                    return Ok(());
                }
                self.park(&events[0], &why, &mut tx).await?;
                checkpoint::advance(&mut tx, &*self.projection, from, events[0].position).await?;
            }
            _ => self.halt(&why, &mut tx).await?,
        }
        tx.commit().await?;
        Ok(())
    }

    async fn halt(&self, why: &str, tx: &mut PgConnection) -> Result<(), sqlx::Error> {
        let name = self.projection.name();
        tracing::error!(projection = name, why, "halted: an event cannot be projected");
        sqlx::query(
            "UPDATE public.checkpoints SET state = 'halted', error = $3
              WHERE name = $1 AND version = $2",
        )
        .bind(name)
        .bind(self.projection.version())
        .bind(why)
        .execute(tx)
        .await?;
        Ok(())
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |chain, cause| format!("{chain}: {cause}"))
}

/// How a projection stands.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct ProjectionStatus {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: i32,
    /// The last position it has projected.
    pub position: i64,
    /// building, live, retired or halted.
    pub state: String,
    /// Events it has yet to project.
    pub lag_positions: i64,
    /// How long ago the next of them was recorded, in seconds; 0 without any.
    pub lag_seconds: i64,
    /// Events set aside.
    pub parked: i64,
    /// Why it halted.
    pub error: Option<String>,
    /// When its checkpoint moved last.
    pub updated_at: DateTime<Utc>,
}

/// How every projection stands.
///
/// # Errors
/// When the database cannot be asked.
pub async fn status(pool: &PgPool) -> Result<Vec<ProjectionStatus>, sqlx::Error> {
    sqlx::query_as(
        "WITH head AS (SELECT coalesce((SELECT last_position FROM public.ledger_batches
                                         ORDER BY first_position DESC LIMIT 1), 0) AS at)
         SELECT c.name, c.version, c.position, c.state, head.at - c.position AS lag_positions,
                coalesce((SELECT extract(epoch FROM ledger_now() - b.recorded_at)::bigint
                            FROM public.ledger_batches b
                           WHERE b.first_position <= c.position + 1 AND c.position < head.at
                           ORDER BY b.first_position DESC LIMIT 1), 0) AS lag_seconds,
                (SELECT count(*) FROM public.parked p
                  WHERE p.name = c.name AND p.version = c.version) AS parked,
                c.error, c.updated_at
           FROM public.checkpoints c, head
          WHERE c.state <> 'retired' ORDER BY c.name, c.version",
    )
    .fetch_all(pool)
    .await
}

/// Why a batch did not become rows.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The database could not be asked, or the checkpoint had moved.
    #[error("the batch could not be committed")]
    Database(#[from] sqlx::Error),
    /// The log could not be read on.
    #[error("the log could not be read on")]
    Log(#[from] ReadError),
    /// The projection refused it.
    #[error("the projection refused the batch")]
    Projection(#[from] ProjectionError),
}

impl RunError {
    /// Whether trying again may help by itself: the database was away, not the event wrong.
    fn is_passing(&self) -> bool {
        let database = match self {
            Self::Database(error)
            | Self::Log(ReadError::Database(error))
            | Self::Projection(ProjectionError::Database(error)) => error,
            Self::Log(_) | Self::Projection(_) => return false,
        };
        let code = database.as_database_error().and_then(|error| error.code());
        code.is_none_or(|code| {
            ["40", "53", "55", "57", "08"].contains(&&code[..2.min(code.len())])
        })
    }
}
