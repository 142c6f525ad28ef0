//! Does a partner take back what surfaced for an attempt that had been settled otherwise?
//!
//! The value is booked as a loss when it is found. The intent to have it back is on record before
//! the first byte leaves, every repeat has the same key, and it is asked until the partner says yes
//! or no. Where a protocol takes nothing back that is a no at once. What was given instead is not
//! touched: it has another name.
//!
//! Rows: D4, D6, A1. Cases: C12.

use chrono::Duration;
use domain::ids::{RewardId, recall_key};
use domain::reward::{LateCommand, LateState, LateValue, Reward, RewardCommand, RewardError};
use projections::recall_todo::query::{self as todo, DueRecall};
use sqlx::PgPool;
use uuid::Uuid;

use super::issue_reward::{IssueReward, backoff, send_deadline};
use crate::clock::Clock;
use crate::config::{LEASE_SECONDS, REWARDS_A_CLAIM};
use crate::ledger::{Context, ExecuteError, Executed, Ledger};
use crate::partners::{Partners, Voided, VoucherToVoid};

/// Has late values taken back.
#[derive(Clone)]
pub struct RecallLate {
    /// Where everything that happens is recorded.
    pub ledger: Ledger,
    /// Where the todo table is.
    pub pool: PgPool,
    /// Who can be asked.
    pub partners: Partners,
    /// The ledger's time.
    pub clock: Clock,
    /// Which worker this is, in leases.
    pub worker: Uuid,
}

impl From<IssueReward> for RecallLate {
    fn from(of: IssueReward) -> Self {
        let IssueReward { ledger, pool, partners, clock, worker, .. } = of;
        Self { ledger, pool, partners, clock, worker }
    }
}

impl RecallLate {
    /// Works on the rewards that are due; answers how many were.
    ///
    /// # Errors
    /// When the todo table cannot be read. What goes wrong with one reward is logged, and its lease
    /// runs out.
    pub async fn turn(&self) -> anyhow::Result<usize> {
        let due = todo::claim_due(&self.pool, self.worker, LEASE_SECONDS, REWARDS_A_CLAIM).await?;
        for due in &due {
            if let Err(error) = self.work_on(due).await {
                let error = format!("{error:#}");
                tracing::error!(reward.id = %due.reward_id, error, "a recall waits");
            }
        }
        Ok(due.len())
    }

    async fn work_on(&self, due: &DueRecall) -> anyhow::Result<()> {
        let id = due.reward_id;
        let reward = self.ledger.load::<Reward>(&id.to_string()).await?.state;
        let now = self.clock.now();
        let mut next_at = None;
        for late in reward.late_values() {
            match late.state {
                LateState::Found => self.request(id, late).await?,
                LateState::Asked { idempotency_key, ask_at } if ask_at <= now => {
                    self.ask(id, &reward, late, idempotency_key).await?;
                }
                LateState::Asked { ask_at, .. } => {
                    next_at =
                        Some(next_at.map_or(ask_at, |at: chrono::DateTime<_>| at.min(ask_at)));
                }
                LateState::Settled => {}
            }
        }
        Ok(todo::look_again_at(&self.pool, due, next_at).await?)
    }

    /// Puts the intent on record: its event makes the reward due again, and then it is asked.
    async fn request(&self, id: RewardId, late: &LateValue) -> anyhow::Result<()> {
        let idempotency_key = recall_key(id, late.attempt, &late.partner_ref);
        let (attempt, partner_ref) = (late.attempt, late.partner_ref.clone());
        let word = LateCommand::RequestRecall { attempt, partner_ref, idempotency_key };
        match self.record(id, word).await {
            Ok(_) | Err(ExecuteError::Refused(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn ask(
        &self,
        id: RewardId,
        reward: &Reward,
        late: &LateValue,
        idempotency_key: Uuid,
    ) -> anyhow::Result<()> {
        let (attempt, partner_ref) = (late.attempt, late.partner_ref.clone());
        let product = reward.attempt(attempt).map(|attempt| attempt.product.clone());
        let voucher = VoucherToVoid {
            idempotency_key,
            product: product.unwrap_or_default(),
            voucher_id: partner_ref.clone(),
        };
        let said = match self.partners.get(&late.partner_id) {
            Some(partner) => partner.void(&voucher, send_deadline()).await,
            None => Voided::NotSaid { why: "partner_not_configured", retry_after: None },
        };
        let word = match said {
            Voided::TakenBack { amount: taken_back } => {
                LateCommand::RecordRecalled { attempt, partner_ref, taken_back }
            }
            Voided::Refused { code: why } => {
                LateCommand::RecordRecallRefused { attempt, partner_ref, why }
            }
            Voided::NotSaid { why, retry_after } => self.not_said(late, why, retry_after),
        };
        match self.record(id, word).await {
            Ok(_) => Ok(()),
            Err(ExecuteError::Refused(refusal)) => {
                tracing::warn!(reward.id = %id, %refusal, "a recall does not fit");
                let odd = self.not_said(late, "amount_differs", None);
                match self.record(id, odd).await {
                    Ok(_) | Err(ExecuteError::Refused(_)) => Ok(()),
                    Err(error) => Err(error.into()),
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    fn not_said(
        &self,
        late: &LateValue,
        why: &str,
        retry_after: Option<std::time::Duration>,
    ) -> LateCommand {
        let wait: Duration = backoff::wait(late.looks + 1, retry_after);
        LateCommand::RecordRecallUnknown {
            attempt: late.attempt,
            partner_ref: late.partner_ref.clone(),
            why: why.to_owned(),
            resolve_at: self.clock.now() + wait,
        }
    }

    async fn record(
        &self,
        id: RewardId,
        word: LateCommand,
    ) -> Result<Executed, ExecuteError<RewardError>> {
        let context = Context::new("process:recall_late", "it surfaced after it had been settled")
            .correlated(id.to_string());
        let command = RewardCommand::Late(word);
        self.ledger.execute::<Reward, _>(&id.to_string(), command, &context).await
    }
}
