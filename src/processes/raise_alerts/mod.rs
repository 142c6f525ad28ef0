//! What should people look at? Asked every second, by every process that works.
//!
//! - [`watches`]: each kind of thing that goes wrong, as a question
//!
//! *Guarantees*: raised once however many look; resolved by what mends the cause; staff are told of
//! each alert once. A question that cannot be answered keeps nobody from the others, and resolves
//! nothing. A breaker is one process's own: it stays raised as long as any process says so.
//!
//! Rows: W4, D5, U4.

mod watches;

use std::time::Duration;

use projections::{
    checkpoint, partner_activity_log, reward_history, settlements, support_rewards,
};
use sqlx::PgPool;
use tokio::sync::watch;

use self::watches::Watch;
use crate::alerts::{Found, store};
use crate::messages::{Outbox, StaffNotice};
use crate::partners::Partners;
use crate::partners::guard::breaker::BreakerState;
use crate::partners::kept::Kept;
use crate::vault::VaultError;

const BETWEEN_LOOKS: Duration = Duration::from_secs(1);
/// Longer than any process takes from one look to the next.
const UNSEEN_SECONDS: i64 = 20;
/// What the watches look at in the log.
const READ_MODELS: [&str; 4] =
    [support_rewards::NAME, reward_history::NAME, partner_activity_log::NAME, settlements::NAME];
const BREAKER_OPEN: &str = "breaker_open";
const CREDENTIALS_UNSOUND: &str = "credentials_unsound";

/// Raises and resolves alerts.
#[derive(Clone)]
pub struct RaiseAlerts {
    /// Where they are.
    pub pool: PgPool,
    /// Whose breakers are looked at.
    pub partners: Partners,
    /// Whose credentials are looked at.
    pub kept: Kept,
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
        let position = self.position().await?;
        let mut has_seen_all = true;
        for watch in Watch::ALL {
            match watch.look(&self.pool).await {
                Ok(found) => store::update(&self.pool, watch.kind(), &found).await?,
                Err(error) => {
                    could_not_look(watch.kind(), &error);
                    has_seen_all = false;
                }
            }
        }
        match self.credentials_unsound().await {
            Ok(found) => store::update(&self.pool, CREDENTIALS_UNSOUND, &found).await?,
            Err(error) => could_not_look(CREDENTIALS_UNSOUND, &error),
        }
        store::raise(&self.pool, &self.open_breakers()).await?;
        store::resolve_unseen(&self.pool, BREAKER_OPEN, UNSEEN_SECONDS).await?;
        if has_seen_all {
            store::has_looked(&self.pool, position).await?;
        }
        self.tell().await
    }

    /// What all of the read models show.
    async fn position(&self) -> Result<i64, sqlx::Error> {
        let mut position = i64::MAX;
        for name in READ_MODELS {
            position = position.min(checkpoint::position(&self.pool, name).await?.0);
        }
        Ok(position)
    }

    fn open_breakers(&self) -> Vec<Found> {
        let open = self.partners.breakers().filter(|(_, state)| *state != BreakerState::Closed);
        open.map(|(partner, _)| Found {
            kind: BREAKER_OPEN,
            subject: partner.to_string(),
            summary: format!("{partner} does not answer, and is left alone for a while"),
            to_do: "Ask the partner; orders wait, or go to another one.",
        })
        .collect()
    }

    async fn credentials_unsound(&self) -> Result<Vec<Found>, VaultError> {
        let unsound = self.kept.all().await?.unsound;
        let found = unsound.into_iter().map(|of| Found {
            kind: CREDENTIALS_UNSOUND,
            summary: format!("The credentials kept for {} cannot be used: {}", of.partner, of.why),
            subject: of.partner.to_string(),
            to_do: "Give them anew with `anchor partner credentials`; no server starts meanwhile.",
        });
        Ok(found.collect())
    }

    /// Tells staff of what is new.
    async fn tell(&self) -> Result<(), sqlx::Error> {
        for alert in store::untold(&self.pool).await? {
            // Of a reward that failed they are told from the log.
            if alert.kind != Watch::RewardFailed.kind() {
                let cause = alert.id.to_string();
                let summary = format!("{}. {}", alert.summary, alert.to_do);
                let notice = StaffNotice {
                    kind: &alert.kind,
                    subject: &alert.subject,
                    summary: &summary,
                    cause: &cause,
                };
                self.outbox.tell_staff(notice).await?;
            }
            store::told(&self.pool, alert.id).await?;
        }
        Ok(())
    }
}

fn could_not_look(kind: &str, error: &(dyn std::error::Error + 'static)) {
    tracing::error!(kind, error, "a watch could not look");
}
