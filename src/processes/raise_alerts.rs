//! What should people look at? Asked every few seconds, by every process that works.
//!
//! *Guarantees*: raised once however many look; resolved by what mends the cause. A breaker is one
//! process's own: it stays raised as long as any process says so.
//!
//! Rows: W4, D5, U4.

use std::time::Duration;

use sqlx::PgPool;
use tokio::sync::watch;

use crate::alerts::{Found, store, watch as alert_watch};
use crate::clock::Clock;
use crate::messages::{Outbox, StaffNotice};
use crate::partners::Partners;
use crate::partners::guard::breaker::BreakerState;

const BETWEEN_LOOKS: Duration = Duration::from_secs(3);
/// Longer than any process takes from one look to the next.
const UNSEEN_SECONDS: i64 = 20;

/// Raises and resolves alerts.
#[derive(Clone)]
pub struct RaiseAlerts {
    /// Where they are.
    pub pool: PgPool,
    /// Whose breakers are looked at.
    pub partners: Partners,
    /// The ledger's time.
    pub clock: Clock,
    /// Through which people are told.
    pub outbox: Outbox,
}

impl RaiseAlerts {
    /// Looks until `stop` says true.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow_and_update() {
            if let Err(error) = self.turn().await {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, "alerts could not be looked after");
            }
            tokio::select! {
                () = tokio::time::sleep(BETWEEN_LOOKS) => {}
                _ = stop.changed() => {}
            }
        }
    }

    /// Looks once.
    ///
    /// # Errors
    /// When the database cannot be reached; what was open stays open.
    pub async fn turn(&self) -> Result<(), sqlx::Error> {
        let found = alert_watch::look(&self.pool).await?;
        store::update(&self.pool, alert_watch::KINDS, &found).await?;
        store::raise(&self.pool, &self.open_breakers()).await?;
        store::resolve_unseen(&self.pool, alert_watch::BREAKER_OPEN, UNSEEN_SECONDS).await?;
        self.tell().await
    }

    /// Tells people of what is new, each alert once.
    async fn tell(&self) -> Result<(), sqlx::Error> {
        for alert in store::untold(&self.pool).await? {
            // Of a reward that failed they are told from the log.
            if alert.kind != alert_watch::REWARD_FAILED_KIND {
                // An address is for those who may see it, and in no mail.
                let subject = alert.subject.split(" from ").next().unwrap_or_default();
                let cause = alert.id.to_string();
                let summary = format!("{}. {}", alert.summary, alert.to_do);
                let (kind, summary) = (alert.kind.as_str(), summary.as_str());
                let notice = StaffNotice { kind, subject, summary, cause: &cause };
                self.outbox.tell_staff(notice).await?;
            }
            store::told(&self.pool, alert.id).await?;
        }
        Ok(())
    }

    fn open_breakers(&self) -> Vec<Found> {
        let open = self.partners.breakers().filter(|(_, state)| *state != BreakerState::Closed);
        open.map(|(partner, _)| Found {
            kind: alert_watch::BREAKER_OPEN.to_owned(),
            subject: partner.to_string(),
            since: None,
            now: self.clock.now(),
            summary: format!("{partner} does not answer, and is left alone for a while"),
            to_do: "Ask the partner; orders wait, or go to another one.".to_owned(),
        })
        .collect()
    }
}
