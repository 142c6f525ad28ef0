//! How do many callers share one round trip? Two queues, each with a task and a connection of its
//! own.
//!
//! There is no timer: while one call is under way the next batch fills itself. With more than one
//! caller in flight a task yields twice before it drains its queue, so that every caller that is
//! ready gets in; that alone makes batches half as large again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use domain::ids::Position;
use secrecy::SecretString;
use sqlx::postgres::PgRow;
use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::appender::Appender;
use super::error::LedgerError;
use super::loader::Loader;

/// Bounds of the engine.
#[derive(Debug, Clone, Copy)]
pub struct EngineLimits {
    /// Commands that may wait in each queue.
    pub queued: usize,
    /// Commands in one append, and streams in one load.
    pub commands: usize,
    /// Events in one append.
    pub events: usize,
    /// Bytes of payload in one append.
    pub bytes: usize,
    /// How long a command may wait for the log, in seconds.
    pub patience_seconds: u64,
}

impl Default for EngineLimits {
    fn default() -> Self {
        Self {
            queued: 10_000,
            commands: 512,
            events: 2_000,
            bytes: 4 * 1024 * 1024,
            patience_seconds: 20,
        }
    }
}

/// A stream to be loaded.
pub(super) struct Load {
    pub stream_type: &'static str,
    pub stream_id: String,
    pub reply: oneshot::Sender<Result<Vec<PgRow>, LedgerError>>,
}

/// An event as it will be stored.
#[derive(Debug, Clone)]
pub(super) struct NewEvent {
    pub name: String,
    pub version: String,
    pub payload: String,
    pub metadata: Arc<str>,
}

/// A command's events, to be stored all or none.
pub(super) struct Append {
    pub stream_type: &'static str,
    pub stream_id: String,
    /// The sequence of the first event; what is stored before it is what was decided upon.
    pub first: i64,
    pub events: Vec<NewEvent>,
    pub command_id: String,
    /// Whether a call with it may have reached the server without an answer.
    pub was_sent: bool,
    pub since: Instant,
    pub reply: oneshot::Sender<Result<i64, LedgerError>>,
}

/// The queues of one process.
pub(super) struct Engine {
    loads: mpsc::Sender<Load>,
    appends: mpsc::Sender<Append>,
    in_flight: Arc<AtomicUsize>,
    head: watch::Receiver<Position>,
    stop: watch::Sender<bool>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Engine {
    pub async fn start(url: &SecretString, limits: EngineLimits) -> Result<Self, LedgerError> {
        let (loads, load_queue) = mpsc::channel(limits.queued);
        let (appends, append_queue) = mpsc::channel(limits.queued);
        let in_flight = Arc::new(AtomicUsize::new(0));
        let (stop, stopped) = watch::channel(false);
        let loader = Loader::new(url.clone(), limits, in_flight.clone());
        let (appender, head) = Appender::new(url.clone(), limits, in_flight.clone()).await?;
        let tasks = vec![
            tokio::spawn(loader.run(load_queue, stopped.clone())),
            tokio::spawn(appender.run(append_queue, stopped)),
        ];
        let tasks = Mutex::new(tasks);
        Ok(Self { loads, appends, in_flight, head, stop, tasks })
    }

    pub async fn load(
        &self,
        stream_type: &'static str,
        stream_id: &str,
    ) -> Result<Vec<PgRow>, LedgerError> {
        let _counted = Counted::new(&self.in_flight);
        let (reply, answer) = oneshot::channel();
        let load = Load { stream_type, stream_id: stream_id.to_owned(), reply };
        self.loads.try_send(load).map_err(queue_error)?;
        answer.await.map_err(|_| LedgerError::Stopped)?
    }

    pub async fn append(
        &self,
        append: impl FnOnce(oneshot::Sender<Result<i64, LedgerError>>) -> Append,
    ) -> Result<i64, LedgerError> {
        let _counted = Counted::new(&self.in_flight);
        let (reply, answer) = oneshot::channel();
        self.appends.try_send(append(reply)).map_err(queue_error)?;
        answer.await.map_err(|_| LedgerError::Stopped)?
    }

    pub fn head(&self) -> watch::Receiver<Position> {
        self.head.clone()
    }

    /// Finishes what is queued, then ends both tasks.
    pub async fn stop(&self) {
        self.stop.send_replace(true);
        for task in self.tasks.lock().await.drain(..) {
            task.await.ok();
        }
    }
}

fn queue_error<T>(error: mpsc::error::TrySendError<T>) -> LedgerError {
    match error {
        mpsc::error::TrySendError::Full(_) => LedgerError::QueueFull,
        mpsc::error::TrySendError::Closed(_) => LedgerError::Stopped,
    }
}

/// Counts a caller in for as long as it waits.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The next item, once it is there; none when the queue is closed, or empty after a stop.
pub(super) async fn next<T>(
    queue: &mut mpsc::Receiver<T>,
    stop: &mut watch::Receiver<bool>,
) -> Option<T> {
    tokio::select! {
        biased;
        item = queue.recv() => item,
        _ = stop.wait_for(|stop| *stop) => queue.try_recv().ok(),
    }
}

/// Lets every caller that is ready get into the batch.
pub(super) async fn let_others_in(in_flight: &AtomicUsize) {
    if in_flight.load(Ordering::Relaxed) > 1 {
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
    }
}
