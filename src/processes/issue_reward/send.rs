//! What leaves for the partner, and when not? The same bytes under the same key, before the
//! deadline.
//!
//! *The paused worker*: a worker that requested an attempt, fell asleep and woke after another had
//! taken over must not send. Its lease cannot be checked at the partner, so every send checks a
//! monotonic deadline that began with the claim, and the client's own time-out ends inside it.
//!
//! Rows: D4, D6, P9.

use std::sync::Arc;
use std::time::Instant;

use chrono::Duration;
use domain::ids::{RewardId, idempotency_key};
use domain::reward::{Attempt, MilestoneReached, Reward, RewardCommand};
use secrecy::SecretString;

use super::account::MayReceive;
use super::worker::IssueReward;
use crate::config::{RESOLVE_AFTER_SECONDS, SEND_DEADLINE_SECONDS};
use crate::ledger::{Context, ExecuteError};
use crate::partners::catalogue::CatalogueEntry;
use crate::partners::{Order, Outcome, Partner};

/// A reward in one worker's hands.
pub struct InHand {
    /// Which reward.
    pub id: RewardId,
    /// The milestone it came from.
    pub reached: MilestoneReached,
    /// Its state as loaded.
    pub reward: Reward,
    /// No byte leaves for a partner after this instant.
    pub deadline: Instant,
    /// Who, why, and as part of what.
    pub context: Context,
}

impl IssueReward {
    /// Commits the intent, then sends it. A worker that lost the race for the attempt sends
    /// nothing.
    ///
    /// # Errors
    /// When the ledger or the vault cannot be reached; nothing was sent then.
    pub(super) async fn request(&self, hand: &InHand) -> anyhow::Result<()> {
        let Some(chosen) = hand.reward.chosen() else { return Ok(()) };
        let Some(partner) = self.partners.get(&chosen.partner_id) else {
            tracing::warn!(partner = %chosen.partner_id, reward.id = %hand.id, "not configured");
            return Ok(());
        };
        let Some(entry) = self.partners.catalogue().get(&chosen.partner_id) else { return Ok(()) };
        let Some(funding_model) = entry.details().funding_model else { return Ok(()) };
        match self.may_receive(hand, chosen).await? {
            MayReceive::Yes => {}
            MayReceive::No => return self.wait_for_account(hand).await,
            // Looked at again when this lease has run out.
            MayReceive::NotSaid => return Ok(()),
        }
        let round = hand.reward.rounds_at(&chosen.partner_id) + 1;
        let order = Order {
            idempotency_key: idempotency_key(hand.id, &chosen.partner_id, round),
            reference: self.vault.reference(hand.id, &chosen.partner_id, round),
            product: chosen.product.clone(),
            kind: chosen.kind,
            amount: hand.reward.committed(),
            currency: hand.reached.currency,
            account: self.account_number(hand).await?,
        };
        let now = self.clock.now();
        let seconds = i64::try_from(SEND_DEADLINE_SECONDS).unwrap_or(i64::MAX);
        let attempt = hand.reward.last_attempt() + 1;
        let intent = RewardCommand::RequestIssuance {
            partner_id: chosen.partner_id.clone(),
            attempt,
            round,
            funding_model,
            idempotency_key: order.idempotency_key,
            reference: order.reference.clone(),
            request_digest: partner.prepare(&order).digest,
            deadline: now + Duration::seconds(seconds),
            resolve_at: now + Duration::seconds(RESOLVE_AFTER_SECONDS),
        };
        match self.execute(hand, intent).await {
            Ok(_) => self.send(hand, attempt, &partner, &order).await,
            Err(ExecuteError::Refused(_) | ExecuteError::Conflict) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Sends an attempt's bytes again, under its key, once that is on record.
    ///
    /// # Errors
    /// When the outcome cannot be recorded; it is unknown then and will be asked for.
    pub(super) async fn send_again(&self, hand: &InHand, attempt: &Attempt) -> anyhow::Result<()> {
        let Some((partner, order)) = self.order_of(hand, attempt).await? else { return Ok(()) };
        if attempt.may_have_arrived && self.key_is_forgotten(attempt) {
            let outcome = Outcome::Unknown { why: "key_forgotten" };
            return self.record(hand, attempt.attempt, &attempt.partner_id, outcome).await;
        }
        if partner.prepare(&order).digest != attempt.request_digest {
            let outcome = Outcome::Unknown { why: "request_would_differ" };
            return self.record(hand, attempt.attempt, &attempt.partner_id, outcome).await;
        }
        let resolve_at = self.clock.now() + Duration::seconds(RESOLVE_AFTER_SECONDS);
        let repeat = RewardCommand::RepeatIssuance { attempt: attempt.attempt, resolve_at };
        match self.execute(hand, repeat).await {
            Ok(_) => self.send(hand, attempt.attempt, &partner, &order).await,
            Err(ExecuteError::Refused(_) | ExecuteError::Conflict) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The partner and the order of an open attempt, as they were requested.
    pub(super) async fn order_of(
        &self,
        hand: &InHand,
        attempt: &Attempt,
    ) -> anyhow::Result<Option<(Arc<dyn Partner>, Order)>> {
        let Some(partner) = self.partners.get(&attempt.partner_id) else {
            tracing::warn!(partner = %attempt.partner_id, reward.id = %hand.id, "not configured");
            return Ok(None);
        };
        let account = self.account_number(hand).await?;
        let order = Order {
            idempotency_key: attempt.idempotency_key,
            reference: attempt.reference.clone(),
            product: attempt.product.clone(),
            kind: attempt.kind,
            amount: hand.reward.committed(),
            currency: hand.reached.currency,
            account,
        };
        Ok(Some((partner, order)))
    }

    /// Whether the partner may take the key for a new one by now: a repeat could then issue twice.
    fn key_is_forgotten(&self, attempt: &Attempt) -> bool {
        let entry = self.partners.catalogue().get(&attempt.partner_id);
        let contract = entry.and_then(CatalogueEntry::contract);
        let hours = contract.map_or(0, |contract| contract.idempotency_window_hours);
        self.clock.now() - attempt.requested_at >= Duration::hours(hours.into())
    }

    async fn send(
        &self,
        hand: &InHand,
        attempt: u32,
        partner: &Arc<dyn Partner>,
        order: &Order,
    ) -> anyhow::Result<()> {
        let outcome = partner.issue(order, hand.deadline).await;
        self.record(hand, attempt, partner.id(), outcome).await
    }

    /// The number a credit goes to; a voucher order carries none (C1).
    async fn account_number(&self, hand: &InHand) -> anyhow::Result<Option<SecretString>> {
        match hand.reward.chosen().and_then(|chosen| chosen.account_id) {
            Some(account) => self.opened_account(hand.reached.member_id, account).await,
            None => Ok(None),
        }
    }

    /// The account was unlinked after it was chosen and before anything was sent.
    async fn wait_for_account(&self, hand: &InHand) -> anyhow::Result<()> {
        let partners = hand.reached.eligible_partners.clone();
        match self.execute(hand, RewardCommand::AwaitAccount { partners }).await {
            Ok(_) | Err(ExecuteError::Refused(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// The instant after which a worker that claimed now must not send any more.
pub fn send_deadline() -> Instant {
    Instant::now() + std::time::Duration::from_secs(SEND_DEADLINE_SECONDS)
}
