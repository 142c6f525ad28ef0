//! A partner with its breaker, pace and bulkhead around it: the same interface, and what is held
//! back is put off.
//!
//! Rows: D1, D5, P10.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::NaiveDate;
use domain::ids::PartnerId;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::breaker::{Breaker, BreakerState};
use super::pace::Pace;
use crate::partners::catalogue::Contract;
use crate::partners::outcome::{LookUp, Outcome, Voided};
use crate::partners::partner::{
    AccountClaim, Balance, NotTold, Notice, Order, Partner, Prepared, Referral, Referred,
    UnreadableNotice, Verdict, VoucherToVoid,
};
use crate::partners::question::{Told, Topic};

/// What a call may wait for its turn and its place.
const PATIENCE: Duration = Duration::from_secs(2);
/// After a 429 without a `Retry-After`.
const STAY_AWAY: Duration = Duration::from_secs(1);
/// Which codes say that the partner was not there, or not able to answer.
const FAILURES: [&str; 9] = [
    "connect_failed",
    "timed_out",
    "connection_lost",
    "answer_cut_off",
    "answer_too_large",
    "server_error",
    "not_processed",
    "token_refused",
    "token_unreadable",
];

/// A partner that is spared.
pub struct Guarded {
    inner: Arc<dyn Partner>,
    breaker: Breaker,
    pace: Pace,
    places: Semaphore,
}

/// Why a call was held back. Nothing of it was sent.
struct HeldBack {
    why: &'static str,
    retry_after: Option<Duration>,
}

impl Guarded {
    /// This partner, with what its file promises.
    #[must_use]
    pub fn new(inner: Arc<dyn Partner>, contract: Option<Contract>) -> Self {
        let opens_after = contract.map_or(5, |contract| contract.breaker_opens_after);
        let per_minute = contract.map_or(60, |contract| contract.calls_per_minute);
        let at_once = contract.map_or(4, |contract| contract.calls_at_once);
        Self {
            inner,
            breaker: Breaker::new(opens_after),
            pace: Pace::new(per_minute, Instant::now()),
            places: Semaphore::new(usize::try_from(at_once).unwrap_or(usize::MAX >> 4)),
        }
    }

    /// How its breaker stands.
    #[must_use]
    pub fn breaker(&self) -> BreakerState {
        self.breaker.state(Instant::now())
    }

    /// Asks the question of no weight, when the breaker's while is over.
    pub async fn try_again(&self, patience: Duration) {
        if self.breaker() != BreakerState::HalfOpen {
            return;
        }
        if self.inner.is_there(Instant::now() + patience).await {
            self.breaker.succeeded();
            tracing::info!(partner = %self.inner.id(), "a partner is back: its breaker is closed");
        } else {
            self.breaker.failed(Instant::now());
        }
    }

    async fn admit(&self, deadline: Instant) -> Result<SemaphorePermit<'_>, HeldBack> {
        let now = Instant::now();
        if let Some(wait) = self.breaker.held_back(now) {
            return Err(HeldBack { why: "breaker_open", retry_after: Some(wait) });
        }
        let patience = PATIENCE.min(deadline.saturating_duration_since(now));
        let wait = self
            .pace
            .take(now, patience)
            .map_err(|wait| HeldBack { why: "rate_limited", retry_after: Some(wait) })?;
        tokio::time::sleep(wait).await;
        match tokio::time::timeout(patience, self.places.acquire()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(HeldBack { why: "too_many_at_once", retry_after: None }),
        }
    }

    /// Counts how a call ended, by its code; none when it was answered as it should be.
    fn ended(&self, why: Option<&str>, retry_after: Option<Duration>) {
        match why {
            Some(why) if FAILURES.contains(&why) => {
                if self.breaker.failed(Instant::now()) {
                    let partner = self.inner.id();
                    tracing::warn!(%partner, why, "failures in a row: its breaker is open");
                }
            }
            Some("rate_limited") => {
                self.pace.stay_away(Instant::now(), retry_after.unwrap_or(STAY_AWAY));
                self.breaker.succeeded();
            }
            Some("deadline_passed" | "request_not_built") => {}
            Some(_) | None => self.breaker.succeeded(),
        }
    }
}

#[async_trait]
impl Partner for Guarded {
    fn id(&self) -> &PartnerId {
        self.inner.id()
    }

    fn prepare(&self, order: &Order) -> Prepared {
        self.inner.prepare(order)
    }

    async fn issue(&self, order: &Order, deadline: Instant) -> Outcome {
        let _place = match self.admit(deadline).await {
            Ok(place) => place,
            Err(HeldBack { why, retry_after }) => return Outcome::Deferred { why, retry_after },
        };
        let outcome = self.inner.issue(order, deadline).await;
        match &outcome {
            Outcome::Accepted(_) | Outcome::Refused { .. } | Outcome::NotLetIn { .. } => {
                self.ended(None, None);
            }
            Outcome::Deferred { why, retry_after } => self.ended(Some(why), *retry_after),
            Outcome::Unknown { why } => self.ended(Some(why), None),
        }
        outcome
    }

    async fn look_up(&self, order: &Order, deadline: Instant) -> LookUp {
        let _place = match self.admit(deadline).await {
            Ok(place) => place,
            Err(HeldBack { why, .. }) => return LookUp::Unknown { why },
        };
        let found = self.inner.look_up(order, deadline).await;
        match &found {
            LookUp::Found(_) | LookUp::NotFound => self.ended(None, None),
            LookUp::Unknown { why } => self.ended(Some(why), None),
        }
        found
    }

    async fn verify(&self, account: &AccountClaim, deadline: Instant) -> Verdict {
        let _place = match self.admit(deadline).await {
            Ok(place) => place,
            Err(HeldBack { why, retry_after }) => return Verdict::NotSaid { why, retry_after },
        };
        let verdict = self.inner.verify(account, deadline).await;
        match &verdict {
            Verdict::Verified | Verdict::Pending | Verdict::Refused { .. } => {
                self.ended(None, None);
            }
            Verdict::NotSaid { why, retry_after } => self.ended(Some(why), *retry_after),
        }
        verdict
    }

    async fn ask(
        &self,
        account: &AccountClaim,
        topic: Topic,
        deadline: Instant,
    ) -> Result<Told, NotTold> {
        let _place = self.admit(deadline).await.map_err(|held| NotTold(held.why))?;
        let told = self.inner.ask(account, topic, deadline).await;
        self.ended(told.as_ref().err().map(|NotTold(why)| *why), None);
        told
    }

    async fn refer(&self, referral: &Referral, deadline: Instant) -> Referred {
        let _place = match self.admit(deadline).await {
            Ok(place) => place,
            Err(HeldBack { why, retry_after }) => return Referred::NotSaid { why, retry_after },
        };
        let referred = self.inner.refer(referral, deadline).await;
        match &referred {
            Referred::Taken { .. } | Referred::Refused { .. } => self.ended(None, None),
            Referred::NotSaid { why, retry_after } => self.ended(Some(why), *retry_after),
        }
        referred
    }

    async fn voucher_balance(
        &self,
        product: &str,
        voucher_id: &str,
        deadline: Instant,
    ) -> Result<Balance, NotTold> {
        let _place = self.admit(deadline).await.map_err(|held| NotTold(held.why))?;
        let balance = self.inner.voucher_balance(product, voucher_id, deadline).await;
        self.ended(balance.as_ref().err().map(|NotTold(why)| *why), None);
        balance
    }

    async fn void(&self, voucher: &VoucherToVoid, deadline: Instant) -> Voided {
        let _place = match self.admit(deadline).await {
            Ok(place) => place,
            Err(HeldBack { why, retry_after }) => return Voided::NotSaid { why, retry_after },
        };
        let voided = self.inner.void(voucher, deadline).await;
        match &voided {
            Voided::TakenBack { .. } | Voided::Refused { .. } => self.ended(None, None),
            Voided::NotSaid { why, retry_after } => self.ended(Some(why), *retry_after),
        }
        voided
    }

    async fn statement(&self, day: NaiveDate, deadline: Instant) -> Result<Vec<u8>, NotTold> {
        let _place = self.admit(deadline).await.map_err(|held| NotTold(held.why))?;
        let file = self.inner.statement(day, deadline).await;
        self.ended(file.as_ref().err().map(|NotTold(why)| *why), None);
        file
    }

    async fn is_there(&self, deadline: Instant) -> bool {
        self.inner.is_there(deadline).await
    }

    fn read_notice(&self, body: &[u8]) -> Result<Notice, UnreadableNotice> {
        self.inner.read_notice(body)
    }
}
