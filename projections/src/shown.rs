//! How far is what a query shows? Looked up once for everybody, not once for each query.
//!
//! One task per process reads the checkpoints of the database that queries go to: as soon as a
//! projection of this process has moved, often while somebody waits, now and then otherwise. So a
//! query that did not ask for a position costs no look-up, and many that wait share one.
//!
//! *Guarantees*: what is said here had been committed when it was read: rows may be newer than the
//! position, never older.
//!
//! Rows: Q3, Q4.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use domain::ids::Position;
use futures::future::select_all;
use sqlx::PgPool;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, timeout_at};

use crate::checkpoint::{self, WaitError};

const WHILE_WAITED_FOR: Duration = Duration::from_millis(15);
const OTHERWISE: Duration = Duration::from_millis(200);
/// Between two looks, however often projections move.
const AT_LEAST: Duration = Duration::from_millis(2);

type Positions = BTreeMap<String, Position>;

/// Where every read model stands. Cheap to clone; looking ends with the last of the clones.
#[derive(Clone)]
pub struct Shown {
    positions: watch::Receiver<Positions>,
    waiting: Arc<AtomicUsize>,
    somebody_waits: Arc<Notify>,
}

impl Shown {
    /// Follows the checkpoints in the database of `pool`; `moved` are those of projections that run
    /// in this process.
    ///
    /// # Errors
    /// When they cannot be read the first time.
    pub async fn follow(
        pool: PgPool,
        moved: Vec<watch::Receiver<Position>>,
    ) -> Result<Self, sqlx::Error> {
        let (sender, positions) = watch::channel(checkpoint::positions(&pool).await?);
        let shown = Self {
            positions,
            waiting: Arc::new(AtomicUsize::new(0)),
            somebody_waits: Arc::new(Notify::new()),
        };
        let (waiting, somebody_waits) = (shown.waiting.clone(), shown.somebody_waits.clone());
        tokio::spawn(look(Looking { pool, sender, moved, waiting, somebody_waits }));
        Ok(shown)
    }

    /// Waits until all of `read_models` have reached a position; answers what they show all of.
    ///
    /// # Errors
    /// [`WaitError::NotYet`] when one of them has not in time.
    pub async fn at_least(
        &self,
        position: Position,
        read_models: &[&str],
        limit: Duration,
    ) -> Result<Position, WaitError> {
        let shown = |positions: &Positions| {
            let of = |name: &&str| positions.get(*name).copied().unwrap_or_default();
            read_models.iter().map(of).min().unwrap_or_default()
        };
        let mut positions = self.positions.clone();
        let reached = shown(&positions.borrow_and_update());
        if reached >= position {
            return Ok(reached);
        }
        let _counted = Waiting::new(self);
        let deadline = Instant::now() + limit;
        while let Ok(Ok(())) = timeout_at(deadline, positions.changed()).await {
            let reached = shown(&positions.borrow_and_update());
            if reached >= position {
                return Ok(reached);
            }
        }
        Err(WaitError::NotYet { reached: shown(&positions.borrow()) })
    }
}

/// Counts somebody in for as long as they wait.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(shown: &'a Shown) -> Self {
        shown.waiting.fetch_add(1, Ordering::SeqCst);
        shown.somebody_waits.notify_one();
        Self(&shown.waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

struct Looking {
    pool: PgPool,
    sender: watch::Sender<Positions>,
    moved: Vec<watch::Receiver<Position>>,
    waiting: Arc<AtomicUsize>,
    somebody_waits: Arc<Notify>,
}

async fn look(mut looking: Looking) {
    loop {
        sleep(AT_LEAST).await;
        let pause =
            if looking.waiting.load(Ordering::SeqCst) > 0 { WHILE_WAITED_FOR } else { OTHERWISE };
        tokio::select! {
            () = sleep(pause) => {}
            () = any_moved(&mut looking.moved) => {}
            () = looking.somebody_waits.notified() => {}
            () = looking.sender.closed() => return,
        }
        match checkpoint::positions(&looking.pool).await {
            Ok(now) => {
                looking.sender.send_if_modified(|before| {
                    let has_moved = *before != now;
                    *before = now;
                    has_moved
                });
            }
            Err(sqlx::Error::PoolClosed) => return,
            Err(error) => tracing::warn!(%error, "checkpoints cannot be read"),
        }
    }
}

/// Returns when one has moved; never, when there is none that could.
async fn any_moved(moved: &mut Vec<watch::Receiver<Position>>) {
    while !moved.is_empty() {
        let (change, index, _) = select_all(moved.iter_mut().map(|m| Box::pin(m.changed()))).await;
        if change.is_ok() {
            return;
        }
        moved.swap_remove(index);
    }
    std::future::pending().await
}
