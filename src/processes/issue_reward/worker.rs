//! Who works on a reward? Whoever claims it first, many at once, each for as long as its lease.
//!
//! Rows: M4, D6.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::Context as _;
use chrono::Duration;
use domain::ids::{AccountId, MemberId, PartnerId};
use domain::partner::Product;
use domain::reward::{Attempt, Reward, RewardCommand, RewardError, RewardType};
use futures::StreamExt;
use projections::reward_todo::query::{self as todo, DueReward};
use projections::{checkpoint, partners as partner_rows, reward_todo, user_partner_accounts};
use sqlx::PgPool;
use uuid::Uuid;

use super::backoff::still_waiting;
use super::choose::{Choice, Known, choose};
use super::send::{InHand, send_deadline};
use super::step::{Step, due_again_at, step};
use crate::clock::Clock;
use crate::config::{CALLS_AT_ONCE, LEASE_SECONDS, REWARDS_A_CLAIM};
use crate::ledger::{Context, ExecuteError, Executed, Ledger};
use crate::partners::Partners;
use crate::processes::expire_vouchers::expire_voucher;
use crate::vault::Vault;

/// How long the read model of accounts may take to see what the todo table has seen.
const ACCOUNTS_CATCH_UP: std::time::Duration = std::time::Duration::from_secs(5);

/// How long a reward rests that nobody can serve at the moment, in seconds.
pub(super) const NOBODY_AVAILABLE_SECONDS: i64 = 30;

/// Takes rewards from the todo table to their value.
#[derive(Clone)]
pub struct IssueReward {
    /// Where everything that happens is recorded.
    pub ledger: Ledger,
    /// Where the todo table is.
    pub pool: PgPool,
    /// Who can be asked.
    pub partners: Partners,
    /// What seals voucher codes and makes references.
    pub vault: Vault,
    /// The ledger's time.
    pub clock: Clock,
    /// Which worker this is, in leases.
    pub worker: Uuid,
}

impl IssueReward {
    /// Works on the rewards that are due; answers how many were.
    ///
    /// # Errors
    /// When the todo table cannot be read. What goes wrong with one reward is logged, and its lease
    /// runs out.
    pub async fn turn(&self) -> anyhow::Result<usize> {
        let deadline = send_deadline();
        let mut due =
            todo::claim_due(&self.pool, self.worker, LEASE_SECONDS, REWARDS_A_CLAIM).await?;
        if due.is_empty() {
            due = todo::claim_waiting(&self.pool, self.worker, LEASE_SECONDS, REWARDS_A_CLAIM)
                .await?;
        }
        if due.is_empty() {
            return Ok(0);
        }
        let offers = self.offers().await?;
        futures::stream::iter(&due)
            .for_each_concurrent(CALLS_AT_ONCE, |due| async {
                if let Err(error) = self.work_on(due, deadline, &offers).await {
                    let error = format!("{error:#}");
                    tracing::error!(reward.id = %due.reward_id, error, "a reward waits");
                }
            })
            .await;
        Ok(due.len())
    }

    /// Takes one reward as far as it goes: a choice is followed by its request at once.
    async fn work_on(
        &self,
        due: &DueReward,
        deadline: Instant,
        offers: &BTreeMap<PartnerId, Vec<Product>>,
    ) -> anyhow::Result<()> {
        if Instant::now() >= deadline {
            // Others of the same claim took all the time: back to whoever is free.
            return Ok(todo::look_again_at(&self.pool, due, Some(self.clock.now())).await?);
        }
        let mut hand = self.take_up(due, deadline).await?;
        if step(&hand.reward, self.clock.now()) == Step::Choose {
            if !self.choose_for(due, &hand, offers).await? {
                return Ok(());
            }
            hand = self.take_up(due, deadline).await?;
        }
        match step(&hand.reward, self.clock.now()) {
            Step::Request if !self.may_issue_through(hand.reward.chosen()).await? => {
                self.choose_another(due, &hand, offers).await
            }
            Step::Request => self.request(&hand).await,
            Step::SendAgain(attempt) if !self.is_active(&attempt.partner_id).await? => {
                self.leave_inactive(&hand, &attempt).await
            }
            Step::SendAgain(attempt) => self.send_again(&hand, &attempt).await,
            Step::Resolve(attempt) => self.resolve(&hand, &attempt).await,
            Step::Void(void) => self.ask_to_void(&hand, &void).await,
            Step::Expire => {
                expire_voucher(&self.ledger, hand.id, &hand.reward, self.clock.now()).await
            }
            Step::Choose => Ok(()),
            Step::Nothing => {
                let later = due_again_at(&hand.reward);
                Ok(todo::look_again_at(&self.pool, due, later).await?)
            }
        }
    }

    async fn take_up(&self, due: &DueReward, deadline: Instant) -> anyhow::Result<InHand> {
        let loaded = self.ledger.load::<Reward>(&due.reward_id.to_string()).await?;
        let context = Context::new("process:issue_reward", "it is due")
            .caused_by(loaded.position)
            .correlated(due.reward_id.to_string());
        let reward = loaded.state;
        let reached = reward.reached().cloned().context("a reward begins with its milestone")?;
        Ok(InHand { id: due.reward_id, reached, reward, deadline, context })
    }

    /// Chooses a partner, or says why none; answers whether one was chosen.
    pub(super) async fn choose_for(
        &self,
        due: &DueReward,
        hand: &InHand,
        offers: &BTreeMap<PartnerId, Vec<Product>>,
    ) -> anyhow::Result<bool> {
        let verified_accounts = match hand.reached.reward_type {
            RewardType::UtilityCredit | RewardType::TransportCredit => {
                self.verified_accounts(hand).await?
            }
            RewardType::GroceryVoucher | RewardType::ChoiceReward => BTreeMap::new(),
        };
        let known = Known { offers: offers.clone(), verified_accounts };
        let Choice::Command(command) = choose(&hand.reached, &hand.reward, &known) else {
            let later = self.clock.now() + Duration::seconds(NOBODY_AVAILABLE_SECONDS);
            todo::look_again_at(&self.pool, due, Some(later)).await?;
            return Ok(false);
        };
        let is_choice = matches!(*command, RewardCommand::Choose { .. });
        match self.execute(hand, *command).await {
            Ok(executed) => {
                if !is_choice && executed.recorded == 0 {
                    let now = self.clock.now();
                    let later = now + still_waiting(now - hand.reached.occurred_at);
                    todo::look_again_at(&self.pool, due, Some(later)).await?;
                }
                Ok(is_choice)
            }
            Err(ExecuteError::Refused(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn verified_accounts(
        &self,
        hand: &InHand,
    ) -> anyhow::Result<BTreeMap<PartnerId, AccountId>> {
        // What woke this reward may be an account that the other read model does not have yet.
        let woken_by = checkpoint::position(&self.pool, reward_todo::NAME).await?;
        let accounts = user_partner_accounts::NAME;
        checkpoint::wait_for(&self.pool, accounts, woken_by, ACCOUNTS_CATCH_UP).await?;
        let member: MemberId = hand.reached.member_id;
        let eligible = &hand.reached.eligible_partners;
        let found =
            user_partner_accounts::query::verified_at(&self.pool, member, eligible).await?;
        Ok(found.into_iter().map(|account| (account.partner_id, account.account_id)).collect())
    }

    /// What active partners that can be reached offer right now.
    async fn offers(&self) -> anyhow::Result<BTreeMap<PartnerId, Vec<Product>>> {
        let active = partner_rows::query::active(&self.pool).await?;
        Ok(active
            .into_iter()
            .filter(|partner| self.partners.is_reachable(partner))
            .filter_map(|partner| {
                let offers = self.partners.catalogue().get(&partner)?.products().to_vec();
                Some((partner, offers))
            })
            .collect())
    }

    pub(super) async fn execute(
        &self,
        hand: &InHand,
        command: RewardCommand,
    ) -> Result<Executed, ExecuteError<RewardError>> {
        let context = hand.context.for_one_command();
        self.ledger.execute::<Reward, _>(&hand.id.to_string(), command, &context).await
    }

    /// The open attempt as the ledger has it now.
    pub(super) async fn open_attempt(&self, hand: &InHand) -> anyhow::Result<Option<Attempt>> {
        let loaded = self.ledger.load::<Reward>(&hand.id.to_string()).await?;
        Ok(loaded.state.open_attempt().cloned())
    }
}
