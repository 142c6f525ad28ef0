//! Which events do these streams have? Many streams in one query.
//!
//! *Why a lateral join*: with an array parameter no partition is pruned and every partition probes
//! every id; lateral costs a sixth of that. A load that fails is repeated on a new connection: it
//! only reads.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use secrecy::SecretString;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use tokio::sync::{Mutex, mpsc, watch};

use super::append_calls::{connect, refused_for_good};
use super::engine::{EngineLimits, Load, Worker, let_others_in, next};
use super::error::LedgerError;

/// How long one call may go without an answer, in case the line was cut without a word.
const CALL_LIMIT: Duration = Duration::from_secs(8);
const PAUSE: Duration = Duration::from_millis(50);

const LOAD: &str = "
SELECT u.o::int, e.sequence, e.position, e.payload
  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY u(t, i, o)
 CROSS JOIN LATERAL (
   SELECT sequence, position, payload FROM events e
    WHERE e.aggregate_type = u.t AND e.aggregate_id = u.i OFFSET 0) e";
/// One stream alone: its partition is known before the plan is begun.
const LOAD_ONE: &str = "
SELECT 1, sequence, position, payload FROM events
 WHERE aggregate_type = $1 AND aggregate_id = $2";

/// Answers loads.
pub(super) struct Loader {
    url: SecretString,
    limits: EngineLimits,
    connection: Option<PgConnection>,
}

impl Loader {
    pub fn new(url: SecretString, limits: EngineLimits) -> Self {
        Self { url, limits, connection: None }
    }

    /// Answers every load; a stream's name that the server cannot read fails alone.
    pub async fn settle(&mut self, batch: Vec<Load>) {
        match self.load(&batch).await {
            Err(LedgerError::Rejected { .. }) if batch.len() > 1 => {
                for alone in batch {
                    let alone = vec![alone];
                    let loaded = self.load(&alone).await;
                    answer(alone, loaded);
                }
            }
            loaded => answer(batch, loaded),
        }
    }

    async fn load(&mut self, batch: &[Load]) -> Result<Vec<PgRow>, LedgerError> {
        let begun = Instant::now();
        let types: Vec<&str> = batch.iter().map(|load| load.stream_type).collect();
        let ids: Vec<&str> = batch.iter().map(|load| load.stream_id.as_str()).collect();
        loop {
            match tokio::time::timeout(CALL_LIMIT, self.try_load(&types, &ids)).await {
                Ok(Ok(rows)) => return Ok(rows),
                Ok(Err(error)) if let Some(code) = refused_for_good(&error) => {
                    return Err(LedgerError::Rejected { code });
                }
                Ok(Err(error)) => {
                    tracing::warn!(%error, streams = batch.len(), "a load is repeated");
                }
                Err(_) => tracing::warn!(streams = batch.len(), "a load went unanswered"),
            }
            self.disconnect();
            if begun.elapsed() >= Duration::from_secs(self.limits.patience_seconds) {
                return Err(LedgerError::NotSent);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn try_load(&mut self, types: &[&str], ids: &[&str]) -> Result<Vec<PgRow>, sqlx::Error> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(connect(&self.url).await?),
        };
        let query = match (types, ids) {
            ([stream_type], [id]) => sqlx::query(LOAD_ONE).bind(*stream_type).bind(*id),
            _ => sqlx::query(LOAD).bind(types).bind(ids),
        };
        query.fetch_all(connection).await
    }
}

impl Worker for Loader {
    fn is_connected(&self) -> bool {
        self.connection.is_some()
    }

    fn disconnect(&mut self) {
        self.connection = None;
    }
}

/// Takes loads from the queue, as many at a time as are there.
pub(super) async fn run(
    loader: Arc<Mutex<Loader>>,
    mut queue: mpsc::Receiver<Load>,
    in_flight: Arc<AtomicUsize>,
    mut stop: watch::Receiver<bool>,
) {
    while let Some(first) = next(&mut queue, &mut stop).await {
        let mut loader = loader.lock().await;
        let_others_in(&in_flight, queue.len() + 1).await;
        let mut batch = vec![first];
        while batch.len() < loader.limits.commands
            && let Ok(more) = queue.try_recv()
        {
            batch.push(more);
        }
        loader.settle(batch).await;
    }
}

/// Deals the rows out to those who asked; each sorts its own.
fn answer(batch: Vec<Load>, loaded: Result<Vec<PgRow>, LedgerError>) {
    let mut shares: Vec<Vec<PgRow>> = batch.iter().map(|_| Vec::new()).collect();
    let outcome = loaded.map(|rows| {
        for row in rows {
            let ordinal: i32 = row.get(0);
            if let Some(share) = usize::try_from(ordinal - 1).ok().and_then(|o| shares.get_mut(o))
            {
                share.push(row);
            }
        }
    });
    for (load, share) in batch.into_iter().zip(shares) {
        load.reply.send(outcome.clone().map(|()| share)).ok();
    }
}
