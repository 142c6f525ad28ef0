//! How do many callers share one round trip? Two queues, each with a task and a connection of its
//! own.
//!
//! There is no timer: while one call is under way the next batch fills itself. With more than one
//! caller in flight a task yields twice before it drains its queue, so that every caller that is
//! ready gets in; that alone makes batches half as large again. Where enough wait already, it does
//! not: a tenth of the time between two calls went there.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use domain::ids::Position;
use secrecy::SecretString;
use sqlx::postgres::PgRow;
use tokio::sync::{Mutex, MutexGuard, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::append_queue::AppendQueue;
use super::appender::Appender;
use super::error::LedgerError;
use super::loader::{self, Loader};

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
    loader: Arc<Mutex<Loader>>,
    appender: Arc<Mutex<Appender>>,
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
        let loader = Arc::new(Mutex::new(Loader::new(url.clone(), limits)));
        let (appender, head) = Appender::new(url.clone(), limits).await?;
        let appender = Arc::new(Mutex::new(appender));
        let loading = loader::run(loader.clone(), load_queue, in_flight.clone(), stopped.clone());
        let append_queue = AppendQueue::new(append_queue, limits);
        let appending = append_queue.serve(appender.clone(), in_flight.clone(), stopped);
        let tasks = Mutex::new(vec![tokio::spawn(loading), tokio::spawn(appending)]);
        Ok(Self { loads, appends, loader, appender, in_flight, head, stop, tasks })
    }

    pub async fn load(
        &self,
        stream_type: &'static str,
        stream_id: &str,
    ) -> Result<Vec<PgRow>, LedgerError> {
        let counted = Counted::new(&self.in_flight);
        let (reply, answer) = oneshot::channel();
        let load = Load { stream_type, stream_id: stream_id.to_owned(), reply };
        if let Some(mut loader) = self.alone(&counted, &self.loader) {
            loader.settle(vec![load]).await;
            loader.is_done = true;
        } else {
            self.loads.try_send(load).map_err(queue_error)?;
        }
        answer.await.map_err(|_| LedgerError::Stopped)?
    }

    pub async fn append(
        &self,
        append: impl FnOnce(oneshot::Sender<Result<i64, LedgerError>>) -> Append,
    ) -> Result<i64, LedgerError> {
        let counted = Counted::new(&self.in_flight);
        let (reply, answer) = oneshot::channel();
        let append = append(reply);
        if let Some(mut appender) = self.alone(&counted, &self.appender) {
            appender.settle(vec![append]).await;
            appender.is_done = true;
        } else {
            self.appends.try_send(append).map_err(queue_error)?;
        }
        answer.await.map_err(|_| LedgerError::Stopped)?
    }

    /// Who does the work, for a caller that nobody waits beside: it need not wake a task to do it,
    /// which is a tenth of what a lone command takes.
    fn alone<'w, W: Worker>(&self, caller: &Counted<'_>, of: &'w Mutex<W>) -> Option<Lent<'w, W>> {
        if caller.others > 0 || *self.stop.borrow() {
            return None;
        }
        let worker = of.try_lock().ok()?;
        worker.is_connected().then_some(Lent { worker, is_done: false })
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
struct Counted<'a> {
    in_flight: &'a AtomicUsize,
    others: usize,
}

impl<'a> Counted<'a> {
    fn new(in_flight: &'a AtomicUsize) -> Self {
        Self { in_flight, others: in_flight.fetch_add(1, Ordering::Relaxed) }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Who talks to the server.
pub(super) trait Worker {
    /// Whether there is a connection. One that is made lives in the runtime of whoever makes it,
    /// and so is left to the task that lasts as long as the ledger.
    fn is_connected(&self) -> bool;

    /// Gives up its connection; the next call makes a new one.
    fn disconnect(&mut self);
}

/// A worker in a caller's own hands. Should the caller go away in mid-call, the connection goes
/// with it: nobody must read the answer to somebody else's question.
struct Lent<'w, W: Worker> {
    worker: MutexGuard<'w, W>,
    is_done: bool,
}

impl<W: Worker> Deref for Lent<'_, W> {
    type Target = W;

    fn deref(&self) -> &W {
        &self.worker
    }
}

impl<W: Worker> DerefMut for Lent<'_, W> {
    fn deref_mut(&mut self) -> &mut W {
        &mut self.worker
    }
}

impl<W: Worker> Drop for Lent<'_, W> {
    fn drop(&mut self) {
        if !self.is_done {
            self.worker.disconnect();
        }
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

/// Lets every caller that is ready get into the batch, unless there are `waiting` enough for one:
/// two in five of all that are in flight are about as many as a batch holds.
pub(super) async fn let_others_in(in_flight: &AtomicUsize, waiting: usize) {
    let in_flight = in_flight.load(Ordering::Relaxed);
    if in_flight > 1 && waiting * 5 < in_flight * 2 {
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
    }
}
