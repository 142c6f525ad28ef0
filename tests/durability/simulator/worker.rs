//! What is one worker? A thread with a runtime of its own: whatever it does ends at one blow with
//! it, and stands still with it.
//!
//! It works when it is told to, until nothing is left to do: one spell. In a spell it may die at
//! any await, or stall there: nothing of it is polled until it is told to go on, the tasks of its
//! ledger and its pools included. Once dead, its sockets are closed, and a new worker takes its
//! place.

use std::collections::BTreeMap;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll};
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::crew::{Crew, Did};
use super::go_between::{AtSend, Brake, Bug};

/// What disturbs a spell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disturbance {
    /// It dies when it has been polled so often.
    DieAfter(u32),
    /// It stalls when it has been polled so often, for so many seconds of the ledger.
    PauseAfter(u32, i64),
    /// At its next order, for so many seconds where it stalls.
    AtSend(AtSend, i64),
}

impl Disturbance {
    /// For how long it stalls, in seconds of the ledger.
    pub fn seconds(self) -> i64 {
        match self {
            Self::DieAfter(_) => 0,
            Self::PauseAfter(_, seconds) | Self::AtSend(_, seconds) => seconds,
        }
    }
}

/// How a spell ended, or where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spell {
    /// Nothing is left to do.
    Done(Did),
    /// The worker is dead.
    Died,
    /// It stands still.
    Stands,
}

/// What a worker is started with.
#[derive(Clone)]
pub struct Setting {
    pub url: SecretString,
    pub variables: BTreeMap<String, String>,
    pub bug: Option<Bug>,
}

/// A worker, as whoever drives it sees it.
pub struct Worker {
    orders: UnboundedSender<Option<Disturbance>>,
    answers: UnboundedReceiver<Spell>,
    stands: UnboundedReceiver<()>,
    go_on: mpsc::Sender<Duration>,
}

impl Worker {
    /// Starts one; whenever it dies, another begins in its place.
    pub fn start(setting: Setting) -> Self {
        let (orders, mut to_do) = unbounded_channel();
        let (answer, answers) = unbounded_channel();
        let (stand, stands) = unbounded_channel();
        let (go_on, gone_on) = mpsc::channel();
        let gone_on = Arc::new(Mutex::new(gone_on));
        std::thread::spawn(move || {
            loop {
                let brake = Arc::new(Brake::new(stand.clone(), gone_on.clone()));
                let runtime =
                    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                let life = live(&setting, &brake, &mut to_do, &answer);
                let has_died = runtime.block_on(life);
                runtime.shutdown_background();
                if !has_died {
                    return;
                }
                answer.send(Spell::Died).ok();
            }
        });
        Self { orders, answers, stands, go_on }
    }

    /// Has it work until nothing is left to do, it dies or it stands still.
    pub async fn work(&mut self, disturbance: Option<Disturbance>) -> Spell {
        self.orders.send(disturbance).unwrap();
        self.next().await
    }

    /// Has it go on after it stood still for so long.
    pub async fn go_on_after(&mut self, pause: Duration) -> Spell {
        self.go_on.send(pause).unwrap();
        self.next().await
    }

    async fn next(&mut self) -> Spell {
        tokio::select! {
            answer = self.answers.recv() => answer.expect("a worker answers"),
            _ = self.stands.recv() => Spell::Stands,
        }
    }
}

/// One life; answers whether it ended by dying.
async fn live(
    setting: &Setting,
    brake: &Arc<Brake>,
    to_do: &mut UnboundedReceiver<Option<Disturbance>>,
    answer: &UnboundedSender<Spell>,
) -> bool {
    let mut crew = None;
    while let Some(disturbance) = to_do.recv().await {
        let at_send = match disturbance {
            Some(Disturbance::AtSend(what, _)) => Some(what),
            _ => None,
        };
        brake.at_next_send(at_send);
        let work = async {
            let crew = match &mut crew {
                Some(crew) => crew,
                None => crew.insert(Crew::assemble(setting, brake).await),
            };
            crew.work(brake).await
        };
        let work = Disturbed { work: pin!(work), disturbance, polls: 0, brake };
        match work.await {
            Some(did) => answer.send(Spell::Done(did)).ok(),
            None => return true,
        };
    }
    false
}

/// Work that is cut off or stalled after so many polls.
struct Disturbed<'w, W> {
    work: Pin<&'w mut W>,
    disturbance: Option<Disturbance>,
    polls: u32,
    brake: &'w Brake,
}

impl<W: Future> Future for Disturbed<'_, W> {
    type Output = Option<W::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.polls += 1;
        match self.disturbance {
            Some(Disturbance::DieAfter(polls)) if polls < self.polls => return Poll::Ready(None),
            Some(Disturbance::PauseAfter(polls, _)) if polls < self.polls => {
                self.disturbance = None;
                self.brake.stall();
            }
            _ => {}
        }
        let polled = self.work.as_mut().poll(context);
        if self.brake.is_dead() {
            return Poll::Ready(None);
        }
        polled.map(Some)
    }
}
