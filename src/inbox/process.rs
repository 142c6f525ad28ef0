//! What becomes of a webhook after it was answered? It is opened, read, and turned into a command.
//!
//! *Guarantees*: at least once: a worker that dies leaves a lease that runs out. One effect: the
//! command's id follows from the webhook's, and the reward knows every redemption by its id.
//!
//! Rows: W5, W6, D6.

use std::time::{Duration, Instant};

use chrono::Utc;
use sqlx::PgPool;
use tokio::sync::watch;
use uuid::Uuid;

use super::apply::{Applied, Applying};
use super::onboarding::Onboarding;
use super::security;
use super::store::{Due, Inbox};
use crate::clock::real_now;
use crate::ledger::{Context, Ledger};
use crate::partners::Partners;

const LEASE_SECONDS: i64 = 30;
const AT_ONCE: i64 = 64;
const POLL: Duration = Duration::from_millis(100);
/// How often it is looked for security events that may go.
const BETWEEN_PRUNINGS: Duration = Duration::from_secs(3_600);
const LONGEST_WAIT_SECONDS: i64 = 3_600;
/// What has found no cause by then is set aside.
const GIVE_UP_HOURS: i64 = 72;

/// Works on the inbox.
#[derive(Clone)]
pub struct Worker {
    inbox: Inbox,
    ledger: Ledger,
    partners: Partners,
    pool: PgPool,
    onboarding: Onboarding,
}

impl Worker {
    /// A worker on this inbox.
    #[must_use]
    pub fn new(inbox: Inbox, ledger: Ledger, partners: Partners, pool: PgPool) -> Self {
        let onboarding = Onboarding::new(ledger.clone());
        Self { inbox, ledger, partners, pool, onboarding }
    }

    /// Works until `stop` says true.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut pruned_at: Option<Instant> = None;
        while !*stop.borrow_and_update() {
            if pruned_at.is_none_or(|at| at.elapsed() > BETWEEN_PRUNINGS) {
                pruned_at = Some(Instant::now());
                if let Err(error) = security::prune(&self.pool).await {
                    tracing::warn!(%error, "old security events could not be let go");
                }
            }
            match self.work_once().await {
                Ok(0) => {}
                Ok(_) => continue,
                Err(error) => {
                    tracing::error!(error = format!("{error:#}"), "the inbox waits");
                }
            }
            tokio::select! { () = tokio::time::sleep(POLL) => {}, _ = stop.changed() => {} }
        }
    }

    /// Works on what is due; answers how many webhooks that was.
    ///
    /// # Errors
    /// When the inbox cannot be reached. What goes wrong with one webhook is logged, and its lease
    /// runs out.
    pub async fn work_once(&self) -> anyhow::Result<usize> {
        let due = self.inbox.claim(LEASE_SECONDS, AT_ONCE).await?;
        for webhook in &due {
            if let Err(error) = self.work_on(webhook).await {
                let error = format!("{error:#}");
                tracing::warn!(webhook.id = webhook.external_id, error, "a webhook waits");
                if is_late(webhook) {
                    self.inbox.settle(webhook, "parked", Some("could_not_be_applied")).await?;
                }
            }
        }
        Ok(due.len())
    }

    async fn work_on(&self, due: &Due) -> anyhow::Result<()> {
        let Some(partner) = self.partners.get(&due.partner) else {
            return Ok(self.inbox.settle(due, "parked", Some("partner_not_configured")).await?);
        };
        let Some(body) = &due.body else {
            tracing::error!(webhook.id = due.external_id, "a kept webhook does not open");
            return Ok(self.inbox.settle(due, "parked", Some("does_not_open")).await?);
        };
        self.onboarding.webhook_came(&due.partner, &due.external_id).await?;
        let mut about = None;
        let applied = match partner.read_notice(body) {
            Err(unreadable) => Applied::Parked(unreadable.to_string()),
            Ok(notice) => {
                about = notice.about().map(str::to_owned);
                let context = context(due);
                let applying = Applying {
                    ledger: &self.ledger,
                    pool: &self.pool,
                    vault: self.inbox.vault(),
                    partner: &due.partner,
                    context: &context,
                };
                applying.apply(notice).await?
            }
        };
        match applied {
            Applied::Done => {
                self.inbox.done(due).await?;
                if let Some(about) = &about {
                    self.inbox.cause_came(&due.partner, about, GIVE_UP_HOURS).await?;
                }
            }
            Applied::Early(reason) => {
                self.inbox.park_early(due, about.as_deref(), &reason).await?;
            }
            Applied::Parked(reason) => self.inbox.settle(due, "parked", Some(&reason)).await?,
            Applied::NotYet(reason) if is_late(due) => {
                self.inbox.settle(due, "parked", Some(reason)).await?;
            }
            Applied::NotYet(reason) => {
                let waits = (reason, about.as_deref());
                self.inbox.later(due, wait_seconds(due.attempts), waits).await?;
            }
        }
        Ok(())
    }
}

/// The command's id follows from the webhook's: a second go is the same command.
fn context(due: &Due) -> Context {
    let name = format!("{}/{}", due.partner, due.external_id);
    Context::new(format!("partner:{}", due.partner), "the partner told us, signed")
        .with_command_id(Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()))
        .correlated(format!("webhook:{name}"))
}

fn is_late(due: &Due) -> bool {
    let now: chrono::DateTime<Utc> = real_now();
    now - due.received_at > chrono::Duration::hours(GIVE_UP_HOURS)
}

/// A second, doubling up to an hour.
fn wait_seconds(attempts: i32) -> i64 {
    let doubled = 1_i64 << attempts.clamp(1, 13).saturating_sub(1);
    doubled.min(LONGEST_WAIT_SECONDS)
}
