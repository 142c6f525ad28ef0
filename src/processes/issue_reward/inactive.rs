//! What becomes of a reward whose partner is not active? Nothing is ordered there, whoever asked
//! for it and whatever read models say.
//!
//! The partner's own stream decides, read just before each order. What has surely not been
//! processed goes on with another partner; what may have arrived is asked about, again and again,
//! and sent no more: that nothing is found is no "no" by itself. It counts as unknown, people are
//! alerted as of every unknown outcome, and two of them may settle it.
//!
//! Rows: P6, R3, D1, D4.

use std::collections::BTreeMap;

use chrono::Duration;
use domain::ids::PartnerId;
use domain::partner::{Partner, PartnerStatus, Product};
use domain::reward::{Attempt, Chosen, RewardCommand, RewardType};
use projections::reward_todo::query::{self as todo, DueReward};

use super::send::InHand;
use super::worker::{IssueReward, NOBODY_AVAILABLE_SECONDS};
use crate::ledger::ExecuteError;

impl IssueReward {
    /// Whether value may be issued through this partner at this moment.
    ///
    /// # Errors
    /// When the ledger cannot be read: nothing is ordered then.
    pub(super) async fn is_active(&self, partner: &PartnerId) -> anyhow::Result<bool> {
        let partner = self.ledger.load::<Partner>(partner.as_str()).await?.state;
        Ok(partner.status() == PartnerStatus::Active)
    }

    /// The same for what was chosen; nothing either through one that is not configured.
    ///
    /// # Errors
    /// As [`Self::is_active`].
    pub(super) async fn may_issue_through(&self, chosen: Option<&Chosen>) -> anyhow::Result<bool> {
        match chosen {
            Some(chosen) if self.partners.get(&chosen.partner_id).is_none() => Ok(false),
            Some(chosen) => self.is_active(&chosen.partner_id).await,
            None => Ok(true),
        }
    }

    /// Nothing has left for the one that was chosen: another takes its place, if there is one. What
    /// only the member chooses is theirs to choose again, and they are told (R3).
    ///
    /// # Errors
    /// When the ledger or the todo table cannot be reached.
    pub(super) async fn choose_another(
        &self,
        due: &DueReward,
        hand: &InHand,
        offers: &BTreeMap<PartnerId, Vec<Product>>,
    ) -> anyhow::Result<()> {
        if hand.reached.reward_type == RewardType::ChoiceReward {
            let why = "partner_not_active".to_owned();
            return match self.execute(hand, RewardCommand::ReopenChoice { why }).await {
                Ok(_) | Err(ExecuteError::Refused(_)) => Ok(()),
                Err(error) => Err(error.into()),
            };
        }
        let mut offers = offers.clone();
        if let Some(chosen) = hand.reward.chosen() {
            offers.remove(&chosen.partner_id);
        }
        if !self.choose_for(due, hand, &offers).await? {
            self.rest(due).await?;
        }
        Ok(())
    }

    /// An attempt there has surely not been processed, or is not known to have been.
    ///
    /// # Errors
    /// When the ledger or the todo table cannot be reached.
    pub(super) async fn leave_inactive(
        &self,
        hand: &InHand,
        attempt: &Attempt,
    ) -> anyhow::Result<()> {
        if attempt.may_have_arrived {
            return self.resolve(hand, attempt).await;
        }
        let refused = RewardCommand::RecordRefused {
            attempt: attempt.attempt,
            code: "partner_not_active".to_owned(),
            temporary: true,
            counts_as_try: false,
        };
        match self.execute(hand, refused).await {
            Ok(_) | Err(ExecuteError::Refused(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn rest(&self, due: &DueReward) -> anyhow::Result<()> {
        let later = self.clock.now() + Duration::seconds(NOBODY_AVAILABLE_SECONDS);
        Ok(todo::look_again_at(&self.pool, due, Some(later)).await?)
    }
}
