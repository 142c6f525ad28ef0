//! What stands between a worker and its partners? Somebody who makes it stall or die just before or
//! after a call, and who can plant a bug.
//!
//! *A pause without waiting for it*: the deadline of a send goes by the monotonic clock, which
//! nobody can move. So a call that follows a pause gets a deadline that is earlier by as much as
//! the pause was long: to the code behind, that is the same.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use anchor::partners::question::{Told, Topic};
use anchor::partners::{
    AccountClaim, Balance, LookUp, NotTold, Notice, Order, Outcome, Partner, Prepared, Referral,
    Referred, UnreadableNotice, Verdict, Voided, VoucherToVoid,
};
use async_trait::async_trait;
use domain::ids::PartnerId;
use uuid::Uuid;

/// What happens to a worker at its next order, or its next sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtSend {
    /// It stalls before anything leaves.
    Pause,
    /// It dies before anything leaves.
    DieBefore,
    /// It dies with the answer in its hands.
    DieAfter,
    /// It dies once sums have been added to, before their checkpoint has moved.
    DieHalfway,
}

/// A bug that is planted on purpose, to see whether it is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// No answer is taken for a no.
    SilenceIsNo,
    /// Every send has a key of its own.
    NewKeyEachTime,
    /// Rows are committed apart from their checkpoint.
    ProjectsApart,
    /// Nobody looks up what became of a COMMIT without an answer.
    LooksNothingUp,
    /// A worker sends whenever it wakes.
    NoDeadline,
}

/// How a worker is made to stall, and what it says when it does.
pub struct Brake {
    /// Told when it stands still.
    pub stands: tokio::sync::mpsc::UnboundedSender<()>,
    /// Says for how long it did.
    pub go_on: Arc<Mutex<mpsc::Receiver<Duration>>>,
    slept_ms: AtomicU64,
    slept_before_ms: AtomicU64,
    next: Mutex<Option<AtSend>>,
    is_dead: AtomicBool,
}

impl Brake {
    /// One that is released through `go_on`.
    pub fn new(
        stands: tokio::sync::mpsc::UnboundedSender<()>,
        go_on: Arc<Mutex<mpsc::Receiver<Duration>>>,
    ) -> Self {
        Self {
            stands,
            go_on,
            slept_ms: AtomicU64::new(0),
            slept_before_ms: AtomicU64::new(0),
            next: Mutex::new(None),
            is_dead: AtomicBool::new(false),
        }
    }

    /// At the next order.
    pub fn at_next_send(&self, what: Option<AtSend>) {
        *self.next.lock().unwrap() = what;
    }

    /// Whether it has died at an order.
    pub fn is_dead(&self) -> bool {
        self.is_dead.load(Ordering::SeqCst)
    }

    /// A turn begins: deadlines count from here.
    pub fn turn_begins(&self) {
        self.slept_before_ms.store(self.slept_ms.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    /// Stands still, with everything of this worker, until somebody says for how long that was.
    pub fn stall(&self) {
        if self.stands.send(()).is_err() {
            return;
        }
        let slept = self.go_on.lock().unwrap().recv().unwrap_or_default();
        self.slept_ms
            .fetch_add(u64::try_from(slept.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }

    fn take(&self, is_it: impl FnOnce(AtSend) -> bool) -> Option<AtSend> {
        let mut next = self.next.lock().unwrap();
        if next.is_some_and(is_it) { next.take() } else { None }
    }

    /// Rows are written and their checkpoint has not moved.
    pub async fn rows_are_written(&self) {
        if self.take(|next| next == AtSend::DieHalfway).is_some() {
            self.die().await;
        }
    }

    fn slept_in_this_turn(&self) -> Duration {
        let before = self.slept_before_ms.load(Ordering::SeqCst);
        Duration::from_millis(self.slept_ms.load(Ordering::SeqCst) - before)
    }

    async fn die(&self) {
        self.is_dead.store(true, Ordering::SeqCst);
        futures::future::pending::<()>().await;
    }
}

/// One partner, with somebody in between.
pub struct GoBetween {
    pub inner: Arc<dyn Partner>,
    pub brake: Arc<Brake>,
    pub bug: Option<Bug>,
}

impl GoBetween {
    fn deadline(&self, deadline: Instant) -> Instant {
        deadline.checked_sub(self.brake.slept_in_this_turn()).unwrap_or(deadline)
    }
}

#[async_trait]
impl Partner for GoBetween {
    fn id(&self) -> &PartnerId {
        self.inner.id()
    }

    fn prepare(&self, order: &Order) -> Prepared {
        self.inner.prepare(order)
    }

    async fn issue(&self, order: &Order, deadline: Instant) -> Outcome {
        let next = self.brake.take(|next| next != AtSend::DieHalfway);
        match next {
            Some(AtSend::Pause) => self.brake.stall(),
            Some(AtSend::DieBefore) => self.brake.die().await,
            Some(AtSend::DieAfter | AtSend::DieHalfway) | None => {}
        }
        let mut order = order.clone();
        if self.bug == Some(Bug::NewKeyEachTime) {
            order.idempotency_key = Uuid::new_v4();
        }
        let deadline = match self.bug {
            Some(Bug::NoDeadline) => Instant::now() + Duration::from_secs(20),
            _ => self.deadline(deadline),
        };
        let outcome = self.inner.issue(&order, deadline).await;
        if next == Some(AtSend::DieAfter) {
            self.brake.die().await;
        }
        match outcome {
            Outcome::Unknown { why } if self.bug == Some(Bug::SilenceIsNo) => {
                Outcome::Refused { code: why.to_owned(), temporary: false }
            }
            outcome => outcome,
        }
    }

    async fn look_up(&self, order: &Order, deadline: Instant) -> LookUp {
        self.inner.look_up(order, self.deadline(deadline)).await
    }

    async fn verify(&self, account: &AccountClaim, deadline: Instant) -> Verdict {
        self.inner.verify(account, deadline).await
    }

    async fn ask(
        &self,
        account: &AccountClaim,
        topic: Topic,
        deadline: Instant,
    ) -> Result<Told, NotTold> {
        self.inner.ask(account, topic, deadline).await
    }

    async fn refer(&self, referral: &Referral, deadline: Instant) -> Referred {
        self.inner.refer(referral, deadline).await
    }

    async fn voucher_balance(
        &self,
        product: &str,
        voucher_id: &str,
        deadline: Instant,
    ) -> Result<Balance, NotTold> {
        self.inner.voucher_balance(product, voucher_id, deadline).await
    }

    async fn void(&self, voucher: &VoucherToVoid, deadline: Instant) -> Voided {
        self.inner.void(voucher, self.deadline(deadline)).await
    }

    async fn statement(
        &self,
        day: chrono::NaiveDate,
        deadline: Instant,
    ) -> Result<Vec<u8>, NotTold> {
        self.inner.statement(day, deadline).await
    }

    async fn is_there(&self, deadline: Instant) -> bool {
        self.inner.is_there(deadline).await
    }

    fn read_notice(&self, body: &[u8]) -> Result<Notice, UnreadableNotice> {
        self.inner.read_notice(body)
    }
}
