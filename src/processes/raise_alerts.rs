//! What should people look at? Asked every few seconds, by every process that works.
//!
//! *Guarantees*: raised once however many look; resolved by what mends the cause. A breaker is one
//! process's own: it stays raised as long as any process says so.
//!
//! Rows: W4, D5.

use std::time::Duration;

use sqlx::PgPool;
use tokio::sync::watch;

use crate::alerts::{Found, store, watch as alert_watch};
use crate::clock::Clock;
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
        store::resolve_unseen(&self.pool, alert_watch::BREAKER_OPEN, UNSEEN_SECONDS).await
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
