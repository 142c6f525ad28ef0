//! May the next batch be read before the one before it is committed? Yes: events never change.
//!
//! What was read early is used only when it follows exactly what was committed; otherwise, and when
//! it could not be read, the batch is read again in the transaction that projects it.
//!
//! Rows: Q3.

use domain::ids::Position;
use sqlx::PgPool;
use tokio::task::JoinHandle;

use crate::event_log::{self, ReadError};
use crate::projection::Recorded;

type Reading = JoinHandle<Result<Vec<Recorded>, ReadError>>;

/// One batch on its way, or none.
pub(super) struct ReadAhead {
    pool: PgPool,
    under_way: Option<(Position, Reading)>,
}

impl ReadAhead {
    pub fn through(pool: PgPool) -> Self {
        Self { pool, under_way: None }
    }

    /// Begins to read on from `after`.
    pub fn begin(&mut self, after: Position, limit: i64) {
        let pool = self.pool.clone();
        // Never cut short: it ends by itself and gives its connection back in order.
        let reading = tokio::spawn(async move {
            let mut connection = pool.acquire().await?;
            event_log::read_many(&mut connection, after, limit).await
        });
        self.under_way = Some((after, reading));
    }

    /// What was read on from `after`, if that was begun and went well.
    pub async fn take(&mut self, after: Position, limit: i64) -> Option<Vec<Recorded>> {
        let (begun_after, reading) = self.under_way.take()?;
        if begun_after != after {
            return None;
        }
        let mut batch = reading.await.ok()?.ok()?;
        batch.truncate(usize::try_from(limit).unwrap_or(0));
        Some(batch)
    }

    pub fn forget(&mut self) {
        self.under_way = None;
    }
}
