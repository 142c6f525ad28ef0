//! Which commands go to the log together? As many as wait, within the limits, and at most one of
//! each stream: the next of a stream is held over for the next batch.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use tokio::sync::{Mutex, mpsc, watch};

use super::appender::Appender;
use super::engine::{Append, EngineLimits, let_others_in, next};

/// The commands that wait.
pub(super) struct AppendQueue {
    queue: mpsc::Receiver<Append>,
    limits: EngineLimits,
    /// Taken from the queue and not sent yet: later commands of a stream that is in the batch.
    held_over: VecDeque<Append>,
}

impl AppendQueue {
    pub fn new(queue: mpsc::Receiver<Append>, limits: EngineLimits) -> Self {
        Self { queue, limits, held_over: VecDeque::new() }
    }

    /// Has one batch after the other appended, until the queue is closed, or empty after a stop.
    pub async fn serve(
        mut self,
        appender: Arc<Mutex<Appender>>,
        in_flight: Arc<AtomicUsize>,
        mut stop: watch::Receiver<bool>,
    ) {
        loop {
            if self.held_over.is_empty() {
                let Some(first) = next(&mut self.queue, &mut stop).await else { return };
                self.held_over.push_back(first);
            }
            let mut appender = appender.lock().await;
            let_others_in(&in_flight, self.queue.len() + self.held_over.len()).await;
            appender.settle(self.batch()).await;
        }
    }

    fn batch(&mut self) -> Vec<Append> {
        let mut batch: Vec<Append> = Vec::new();
        let mut streams: HashSet<(&'static str, String)> = HashSet::new();
        let (mut events, mut bytes) = (0, 0);
        let mut later = VecDeque::new();
        while batch.len() < self.limits.commands
            && let Some(append) = self.held_over.pop_front().or_else(|| self.queue.try_recv().ok())
        {
            let size: usize = append.events.iter().map(|event| event.payload.len()).sum();
            let fits = batch.is_empty()
                || (events + append.events.len() <= self.limits.events
                    && bytes + size <= self.limits.bytes);
            if !fits {
                later.push_back(append);
                break;
            }
            if streams.insert((append.stream_type, append.stream_id.clone())) {
                events += append.events.len();
                bytes += size;
                batch.push(append);
            } else {
                later.push_back(append);
            }
        }
        later.append(&mut self.held_over);
        self.held_over = later;
        batch
    }
}
