//! How do events become rows, exactly once? A batch, its rows and the checkpoint in one
//! transaction.
//!
//! Any number of instances may run the same projection: whoever locks its checkpoint works, the
//! others come back later. A batch that fails is tried again; what fails a third time is gone
//! through with care, until the event is found. Then the projection stops ([`Poison::Halt`]), or
//! sets the event aside with all later ones of its stream and goes on ([`Poison::Park`]).
//!
//! While there is much to do, the next batch is read and decoded beside the commit of the one
//! before: events never change, so what was read early is what is there.
//!
//! [`Poison::Halt`]: crate::Poison::Halt
//! [`Poison::Park`]: crate::Poison::Park
//!
//! Rows: Q3, Q4, D6.

pub(crate) mod batch;
pub(crate) mod fault;
mod parked;
mod read_ahead;
mod status;

use std::sync::Arc;
use std::time::Duration;

use domain::ids::Position;
use sqlx::{PgConnection, PgPool};
use tokio::sync::watch;

use self::batch::{Came, Target, project, project_carefully};
use self::fault::{Fault, chain};
use self::read_ahead::ReadAhead;
use crate::checkpoint::{self, LIVE, Turn};
use crate::event_log;
use crate::projection::{Projection, Recorded};

pub use fault::RunError;
pub use parked::{ParkedEvent, Retried, parked, resume, retry};
pub use status::{ProjectionStatus, status};

/// Events in one transaction when there is little to do.
const LIVE_BATCH: i64 = 1_000;
/// And when there is much.
pub(crate) const CATCH_UP_BATCH: i64 = 5_000;
/// How long to wait for a hint that there is more; without anybody who gives hints, less.
const IDLE: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_millis(250);
const AFTER_ERROR: Duration = Duration::from_millis(200);
/// The pause grows with every failure in a row, up to two seconds.
const MOST_PAUSES: u32 = 10;
const TRIES: u32 = 3;

/// Runs one projection.
pub struct Runner {
    pool: PgPool,
    projection: Arc<dyn Projection>,
    head: watch::Receiver<Position>,
    reached: watch::Sender<Position>,
    read_ahead: ReadAhead,
    is_ensured: bool,
    is_behind: bool,
    /// A batch is no larger: less than all that fits after the server found one too slow.
    largest: i64,
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
        Self {
            read_ahead: ReadAhead::through(pool.clone()),
            reached: watch::Sender::new(Position::default()),
            pool,
            projection,
            head,
            is_ensured: false,
            is_behind: false,
            largest: CATCH_UP_BATCH,
            failures: 0,
        }
    }

    /// Reads ahead through another pool, perhaps a replica's.
    #[must_use]
    pub fn reading_ahead_through(mut self, pool: PgPool) -> Self {
        self.read_ahead = ReadAhead::through(pool);
        self
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
                Ok(Progress::Nothing) if self.head.has_changed().is_ok() => IDLE,
                Ok(Progress::Nothing) => POLL,
                Err(error) => {
                    let name = self.projection.name();
                    tracing::error!(projection = name, error = chain(&error), "a batch failed");
                    AFTER_ERROR * self.failures.min(MOST_PAUSES)
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
        if !self.is_ensured {
            checkpoint::ensure(&self.pool, &*self.projection).await?;
            self.is_ensured = true;
        }
        match self.one_batch().await {
            Ok(Progress::Projected(events)) => {
                self.failures = 0;
                self.largest = CATCH_UP_BATCH.min(self.largest * 2);
                Ok(Progress::Projected(events))
            }
            // That another instance is at it does not make what failed here any better.
            Ok(Progress::Nothing) => Ok(Progress::Nothing),
            Err(error) => {
                self.read_ahead.forget();
                self.failures = self.failures.saturating_add(1);
                if error.is_too_slow() {
                    self.largest = 1.max(self.largest / 2);
                }
                if self.failures.is_multiple_of(TRIES) && error.fault() != Fault::Event {
                    self.say(&error).await?;
                }
                Err(error)
            }
        }
    }

    async fn one_batch(&mut self) -> Result<Progress, RunError> {
        let mut tx = self.pool.begin().await?;
        match self.batch_in(&mut tx).await {
            Ok(Some((from, reached))) => {
                tx.commit().await?;
                self.reached.send_replace(reached);
                Ok(Progress::Projected(usize::try_from(reached.0 - from.0).unwrap_or(0)))
            }
            Ok(None) => {
                tx.rollback().await?;
                Ok(Progress::Nothing)
            }
            Err(error) => {
                // At once, or the checkpoint stays locked for a moment more, for us as well.
                tx.rollback().await.ok();
                Err(error)
            }
        }
    }

    /// One batch, ready to be committed: from where to where it goes.
    async fn batch_in(
        &mut self,
        tx: &mut PgConnection,
    ) -> Result<Option<(Position, Position)>, RunError> {
        let Turn::Ours(from) = checkpoint::take(tx, &*self.projection).await? else {
            return Ok(None);
        };
        let batch = self.batch_after(from, tx).await?;
        let Some(last) = batch.last().map(|event| event.position) else {
            self.reached.send_replace(from);
            return Ok(None);
        };
        let target = Target { projection: &*self.projection, schema: LIVE };
        let mut stopped_by = None;
        let reached = if self.failures + 1 < TRIES {
            project(tx, target, &batch).await?;
            last
        } else {
            match project_carefully(tx, target, &batch).await? {
                Came::Through => last,
                Came::Before { index, why } => {
                    stopped_by = Some(why);
                    Position(batch[index].position.0 - 1)
                }
            }
        };
        if reached > from {
            let copy = (&*self.projection, LIVE);
            checkpoint::advance(tx, copy, from, reached).await?;
        }
        // After the move, which takes an earlier reason away.
        if let Some(why) = stopped_by {
            self.halt(&why, tx).await?;
        }
        Ok(Some((from, reached)))
    }

    /// The next batch, read ahead or now; begins to read the one after it when there is much to do.
    async fn batch_after(
        &mut self,
        from: Position,
        tx: &mut PgConnection,
    ) -> Result<Vec<Recorded>, RunError> {
        let limit = self.largest.min(if self.is_behind { CATCH_UP_BATCH } else { LIVE_BATCH });
        let batch = match self.read_ahead.take(from, limit).await {
            Some(batch) => batch,
            None if limit > LIVE_BATCH => event_log::read_many(tx, from, limit).await?,
            None => event_log::read_after(tx, from, limit).await?,
        };
        self.is_behind = batch.len() as i64 >= limit;
        if self.is_behind && self.failures == 0 {
            self.read_ahead.begin(Position(from.0 + batch.len() as i64), CATCH_UP_BATCH);
        }
        Ok(batch)
    }

    /// What cannot be read halts it; what is wrong elsewhere is written beside its checkpoint, for
    /// whoever asks why it does not move.
    async fn say(&self, error: &RunError) -> Result<(), RunError> {
        let mut tx = self.pool.begin().await?;
        let Turn::Ours(_) = checkpoint::take(&mut tx, &*self.projection).await? else {
            return Ok(());
        };
        let why = chain(error);
        if error.fault() == Fault::Log {
            self.halt(&why, &mut tx).await?;
        } else {
            self.set("live", &why, &mut tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    async fn halt(&self, why: &str, tx: &mut PgConnection) -> Result<(), sqlx::Error> {
        tracing::error!(projection = self.projection.name(), why, "halted");
        self.set("halted", why, tx).await
    }

    async fn set(&self, state: &str, why: &str, tx: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query(
            "UPDATE public.checkpoints SET state = $2, error = $3
              WHERE name = $1 AND schema = 'read'",
        )
        .bind(self.projection.name())
        .bind(state)
        .bind(why)
        .execute(tx)
        .await?;
        Ok(())
    }
}
