//! Derives when a late value is to be asked for from the last word of it.
//!
//! Rows: D4, D6.

#![deny(clippy::wildcard_enum_match_arm)]

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::AnchorEvent;
use domain::reward::RewardEvent;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::projection::{Projection, ProjectionError, Recorded};

/// The key of its checkpoint.
pub const NAME: &str = "recall_todo";

/// The todo table `recall_todo`.
pub struct RecallTodo;

#[async_trait]
impl Projection for RecallTodo {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> i32 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["recall_todo"]
    }

    fn working_columns(&self) -> &'static [&'static str] {
        &["next_at", "lease_owner"]
    }

    async fn project(
        &self,
        batch: &[Recorded],
        tx: &mut PgConnection,
    ) -> Result<(), ProjectionError> {
        for recorded in batch {
            let AnchorEvent::Reward(event) = &recorded.event else { continue };
            let Ok(reward) = recorded.aggregate_id.parse::<Uuid>() else { continue };
            if let Some(next_at) = next_at(event, recorded.recorded_at) {
                write((reward, recorded.sequence), next_at, tx).await?;
            }
        }
        Ok(())
    }
}

async fn write(
    (reward, sequence): (Uuid, i64),
    next_at: DateTime<Utc>,
    tx: &mut PgConnection,
) -> Result<(), ProjectionError> {
    sqlx::query(
        "INSERT INTO recall_todo (reward_id, sequence, next_at) VALUES ($1, $2, $3)
         ON CONFLICT (reward_id) DO UPDATE SET sequence = EXCLUDED.sequence,
                next_at = EXCLUDED.next_at, lease_owner = NULL",
    )
    .bind(reward)
    .bind(sequence)
    .bind(next_at)
    .execute(tx)
    .await?;
    Ok(())
}

/// After every word of one it is looked whether another is left.
fn next_at(event: &RewardEvent, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    match event {
        RewardEvent::LateIssueFound(_)
        | RewardEvent::RecallRequested(_)
        | RewardEvent::RecallOutcomeUnknown(_)
        | RewardEvent::LateIssueRecalled(_)
        | RewardEvent::LateIssueLost(_) => Some(now),
        RewardEvent::MilestoneReached(_)
        | RewardEvent::PartnerChosen(_)
        | RewardEvent::AccountAwaited(_)
        | RewardEvent::VerificationRequested(_)
        | RewardEvent::VerificationPassed(_)
        | RewardEvent::RewardHeld(_)
        | RewardEvent::RewardReleased(_)
        | RewardEvent::ChoiceReopened(_)
        | RewardEvent::IssuanceRequested(_)
        | RewardEvent::IssuanceRefused(_)
        | RewardEvent::IssuanceDeferred(_)
        | RewardEvent::IssuanceOutcomeUnknown(_)
        | RewardEvent::IssuanceNotFound(_)
        | RewardEvent::IssuanceRepeated(_)
        | RewardEvent::VoucherIssued(_)
        | RewardEvent::CreditApplied(_)
        | RewardEvent::CreditProgressed(_)
        | RewardEvent::CreditSettled(_)
        | RewardEvent::CreditReturned(_)
        | RewardEvent::VoucherRevealed(_)
        | RewardEvent::VoucherRedeemed(_)
        | RewardEvent::RedemptionReversed(_)
        | RewardEvent::VoucherExpired(_)
        | RewardEvent::ExpiryUndone(_)
        | RewardEvent::VoucherVoided(_)
        | RewardEvent::OutcomeAttested(_)
        | RewardEvent::RewardFailed(_)
        | RewardEvent::RewardCancelled(_)
        | RewardEvent::RewardResumed(_)
        | RewardEvent::AttestationBegun(_)
        | RewardEvent::VoidRequested(_)
        | RewardEvent::VoidOutcomeUnknown(_)
        | RewardEvent::VoidRefused(_) => None,
    }
}
