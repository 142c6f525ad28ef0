//! Does another system know? Signed with every live secret, tried again by the table, ended by the
//! receiver's own word.
//!
//! Rows: U4, W2.

use std::time::Duration;

use futures::StreamExt as _;
use secrecy::ExposeSecret as _;
use sqlx::PgPool;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::messages::deliveries::{self, DueDelivery, Tried};
use crate::messages::endpoints;
use crate::messages::outgoing_webhook::{Caller, Signed};
use crate::partners::settings::WebhookSecret;
use crate::partners::signature::sign;
use crate::vault::Vault;

/// How many one worker takes up at a time.
const A_CLAIM: i64 = 32;
/// How many of them are under way at once: all are over well within the lease.
const AT_ONCE: usize = 8;
const LEASE_SECONDS: i64 = 120;
const BETWEEN_FORGETTING: Duration = Duration::from_secs(600);
/// The receiver is no more, and says so.
const GONE: u16 = 410;

/// Delivers notices.
#[derive(Clone)]
pub struct Deliver {
    /// Where they are.
    pub pool: PgPool,
    /// Has the secrets.
    pub vault: Vault,
    /// When a secret ends.
    pub clock: Clock,
    /// How they leave.
    pub caller: Caller,
}

impl Deliver {
    /// Tries what is due; answers how much that was.
    ///
    /// # Errors
    /// When the table cannot be read. What goes wrong with one delivery is logged, and its lease
    /// runs out.
    pub async fn turn(&self) -> anyhow::Result<usize> {
        let due = deliveries::claim(&self.pool, LEASE_SECONDS, A_CLAIM).await?;
        let each = futures::stream::iter(&due).for_each_concurrent(AT_ONCE, |one| async move {
            if let Err(error) = self.act_on(one).await {
                let error = format!("{error:#}");
                tracing::error!(delivery.id = %one.id, error, "a delivery waits");
            }
        });
        each.await;
        Ok(due.len())
    }

    async fn act_on(&self, due: &DueDelivery) -> anyhow::Result<()> {
        let signed = self.sign(due).await?;
        let tried = match signed {
            Some(signed) => self.caller.post(&due.url, &signed, &due.body).await,
            // Deleted meanwhile: there is nothing to sign with, and nobody to tell.
            None => Tried::NotAnswered("no_secret"),
        };
        deliveries::tried(&self.pool, due, tried).await?;
        let is_gone = matches!(tried, Tried::Answered { status: GONE, .. });
        if is_gone && endpoints::is_gone(&self.pool, due.endpoint).await? {
            tracing::warn!(endpoint.id = %due.endpoint, "a receiver of notices says it is gone");
        }
        Ok(())
    }

    /// One signature for each live secret; the time is the real one, which the receiver compares
    /// with its own.
    async fn sign(&self, due: &DueDelivery) -> anyhow::Result<Option<Signed>> {
        let secrets = self.vault.outgoing_secrets(due.endpoint, self.clock.now()).await?;
        let (id, timestamp) = (due.id.to_string(), self.clock.real_now().timestamp());
        let mut signatures = Vec::new();
        for secret in &secrets {
            let secret =
                WebhookSecret::parse(secret.expose_secret()).map_err(anyhow::Error::msg)?;
            signatures.push(sign(&secret, &id, timestamp, due.body.as_bytes()));
        }
        let signed = Signed { id, timestamp, signatures: signatures.join(" ") };
        Ok((!secrets.is_empty()).then_some(signed))
    }

    /// Forgets deliveries that are older than they are kept, until `stop` says true.
    pub async fn forget_old(self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow_and_update() {
            if let Err(error) = deliveries::forget_old(&self.pool).await {
                tracing::warn!(%error, "old deliveries are forgotten later");
            }
            tokio::select! {
                () = tokio::time::sleep(BETWEEN_FORGETTING) => {}
                _ = stop.changed() => {}
            }
        }
    }
}
