//! How do many webhooks share one commit? Whatever arrives while one is being kept is kept with the
//! next.
//!
//! There is no timer: one statement at a time, and the next takes along all that have come
//! meanwhile. Alone, a webhook waits for nobody.
//!
//! *Guarantees*: whoever is told «kept» finds it after any crash; of many copies, in one batch or
//! in many processes, one is new. A batch that fails keeps nothing, and all of it is told so.
//!
//! Rows: W3, W5.

use std::collections::HashSet;
use std::time::Instant;

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use tokio::sync::{mpsc, oneshot};

use super::store::{AcceptedAs, InboxError};
use crate::database;

/// Webhooks that may wait; more are asked to come again.
const QUEUED: usize = 2_048;
/// Webhooks in one statement: at 256 kB each some 16 MB at the most.
const AT_ONCE: usize = 64;

const KEEP: &str = "
INSERT INTO public.inbox (partner_id, external_id, sent_at, kind, body_digest, sealed_body)
SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::bytea[])
    ON CONFLICT DO NOTHING RETURNING partner_id, external_id";
const KNOWN: &str = "
SELECT i.partner_id, i.external_id, i.body_digest
  FROM unnest($1::text[], $2::text[]) AS u(partner_id, external_id)
  JOIN public.inbox i USING (partner_id, external_id)";

/// A webhook as it will be kept.
#[derive(Debug)]
pub(super) struct Arrival {
    pub partner: String,
    pub external_id: String,
    pub sent_at: DateTime<Utc>,
    pub kind: String,
    pub body_digest: String,
    pub sealed_body: Vec<u8>,
}

type Reply = oneshot::Sender<Result<AcceptedAs, InboxError>>;

/// The way in.
#[derive(Clone)]
pub(super) struct Intake {
    queue: mpsc::Sender<(Arrival, Reply)>,
}

impl Intake {
    /// Begins to keep what arrives; ends with the last way in.
    pub fn open(pool: PgPool) -> Self {
        let (queue, arrivals) = mpsc::channel(QUEUED);
        tokio::spawn(keep_all(pool, arrivals));
        Self { queue }
    }

    /// Keeps one; when this answers, it is durable.
    pub async fn keep(&self, arrival: Arrival) -> Result<AcceptedAs, InboxError> {
        let (reply, kept) = oneshot::channel();
        self.queue.try_send((arrival, reply)).map_err(|_| InboxError::Full)?;
        kept.await.map_err(|_| InboxError::Full)?
    }
}

async fn keep_all(pool: PgPool, mut arrivals: mpsc::Receiver<(Arrival, Reply)>) {
    let mut batch = Vec::with_capacity(AT_ONCE);
    loop {
        // Everybody who is ready gets in before the queue is emptied.
        let Some(first) = arrivals.recv().await else { return };
        tokio::task::yield_now().await;
        batch.push(first);
        while batch.len() < AT_ONCE
            && let Ok(more) = arrivals.try_recv()
        {
            batch.push(more);
        }
        let (kept, replies): (Vec<Arrival>, Vec<Reply>) = batch.drain(..).unzip();
        match keep(&pool, &kept).await {
            Ok(taken) => {
                for (reply, taken) in replies.into_iter().zip(taken) {
                    reply.send(Ok(taken)).ok();
                }
            }
            Err(error) => {
                tracing::warn!(%error, webhooks = kept.len(), "a batch of webhooks was not kept");
                for reply in replies {
                    reply.send(Err(InboxError::NotKept)).ok();
                }
            }
        }
    }
}

async fn keep(pool: &PgPool, batch: &[Arrival]) -> Result<Vec<AcceptedAs>, sqlx::Error> {
    let text = |pick: fn(&Arrival) -> &str| batch.iter().map(pick).collect::<Vec<_>>();
    let partners = text(|arrival| &arrival.partner);
    let ids = text(|arrival| &arrival.external_id);
    let (mut connection, begun) = (pool.acquire().await?, Instant::now());
    let kept: Vec<(String, String)> = sqlx::query_as(KEEP)
        .bind(&partners)
        .bind(&ids)
        .bind(batch.iter().map(|arrival| arrival.sent_at).collect::<Vec<_>>())
        .bind(text(|arrival| &arrival.kind))
        .bind(text(|arrival| &arrival.body_digest))
        .bind(batch.iter().map(|arrival| arrival.sealed_body.as_slice()).collect::<Vec<_>>())
        .fetch_all(&mut *connection)
        .await?;
    database::is_kept(&mut connection, begun).await?;
    if kept.len() == batch.len() {
        return Ok(vec![AcceptedAs::New; batch.len()]);
    }
    // Asked in a statement of its own: whoever was committing at that moment is seen by now.
    let known: Vec<(String, String, String)> =
        sqlx::query_as(KNOWN).bind(&partners).bind(&ids).fetch_all(&mut *connection).await?;
    let known: HashSet<(&str, &str, &str)> =
        known.iter().map(|(p, i, d)| (p.as_str(), i.as_str(), d.as_str())).collect();
    let mut new: HashSet<(&str, &str)> =
        kept.iter().map(|(partner, id)| (partner.as_str(), id.as_str())).collect();
    Ok(batch
        .iter()
        .map(|arrival| {
            let key = (arrival.partner.as_str(), arrival.external_id.as_str());
            if !known.contains(&(key.0, key.1, arrival.body_digest.as_str())) {
                AcceptedAs::DifferentBody
            } else if new.remove(&key) {
                AcceptedAs::New
            } else {
                AcceptedAs::Repeat
            }
        })
        .collect())
}
