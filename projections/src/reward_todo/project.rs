//! Derives what is due for a reward from its last event.
//!
//! Rows: D6, M4.

#![deny(clippy::wildcard_enum_match_arm)]

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::AnchorEvent;
use domain::partner_account::PartnerAccountEvent;
use domain::reward::{RewardEvent, RewardType};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::projection::{Projection, ProjectionError, Recorded};

/// The key of its checkpoint.
pub const NAME: &str = "reward_todo";

/// An account may have been verified while the wait for one was being decided.
const LOOK_ONCE_MORE: TimeDelta = TimeDelta::seconds(60);

/// The todo table `reward_todo`.
pub struct RewardTodo;

/// What a reward's last event makes of its row.
struct Todo {
    member_id: Uuid,
    step: &'static str,
    sequence: i64,
    /// Never, when none.
    next_at: Option<DateTime<Utc>>,
}

#[async_trait]
impl Projection for RewardTodo {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> i32 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["reward_todo"]
    }

    fn working_columns(&self) -> &'static [&'static str] {
        &["next_at", "lease_owner"]
    }

    async fn project(
        &self,
        batch: &[Recorded],
        tx: &mut PgConnection,
    ) -> Result<(), ProjectionError> {
        let mut todos = BTreeMap::new();
        for recorded in batch {
            match &recorded.event {
                AnchorEvent::Reward(event) => {
                    let Ok(reward) = recorded.aggregate_id.parse::<Uuid>() else { continue };
                    if let Some(todo) = todo(event, recorded) {
                        todos.insert(reward, todo);
                    }
                }
                AnchorEvent::PartnerAccount(PartnerAccountEvent::AccountVerified(e)) => {
                    write(&std::mem::take(&mut todos), tx).await?;
                    wake(e.member_id.0, recorded.recorded_at, tx).await?;
                }
                AnchorEvent::PartnerAccount(_)
                | AnchorEvent::Journey(_)
                | AnchorEvent::Partner(_)
                | AnchorEvent::Member(_)
                | AnchorEvent::PartnerStatement(_)
                | AnchorEvent::Period(_)
                | AnchorEvent::Settlement(_) => {}
            }
        }
        write(&todos, tx).await
    }
}

async fn write(
    todos: &BTreeMap<Uuid, Todo>,
    tx: &mut PgConnection,
) -> Result<(), ProjectionError> {
    if todos.is_empty() {
        return Ok(());
    }
    let rewards: Vec<Uuid> = todos.keys().copied().collect();
    let members: Vec<Uuid> = todos.values().map(|todo| todo.member_id).collect();
    let steps: Vec<&str> = todos.values().map(|todo| todo.step).collect();
    let sequences: Vec<i64> = todos.values().map(|todo| todo.sequence).collect();
    let next: Vec<Option<DateTime<Utc>>> = todos.values().map(|todo| todo.next_at).collect();
    sqlx::query(
        "INSERT INTO reward_todo (reward_id, member_id, step, sequence, next_at)
         SELECT r, m, s, q, coalesce(n, 'infinity'::timestamptz)
           FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::timestamptz[])
                AS u(r, m, s, q, n)
         ON CONFLICT (reward_id) DO UPDATE SET step = EXCLUDED.step, sequence = EXCLUDED.sequence,
                next_at = EXCLUDED.next_at, lease_owner = NULL",
    )
    .bind(rewards)
    .bind(members)
    .bind(steps)
    .bind(sequences)
    .bind(next)
    .execute(tx)
    .await?;
    Ok(())
}

/// An account was verified: what waited for one is due, and what found nobody looks again.
async fn wake(
    member: Uuid,
    at: DateTime<Utc>,
    tx: &mut PgConnection,
) -> Result<(), ProjectionError> {
    sqlx::query(
        "UPDATE reward_todo SET step = 'choose', next_at = $2, lease_owner = NULL
          WHERE member_id = $1 AND step IN ('wait_account', 'choose')",
    )
    .bind(member)
    .bind(at)
    .execute(tx)
    .await?;
    Ok(())
}

fn todo(event: &RewardEvent, recorded: &Recorded) -> Option<Todo> {
    let now = Some(recorded.recorded_at);
    let (member, step, next_at) = match event {
        RewardEvent::MilestoneReached(e) if e.reward_type == RewardType::ChoiceReward => {
            (e.member_id, "done", None)
        }
        RewardEvent::MilestoneReached(e) => (e.member_id, "choose", now),
        RewardEvent::RewardReleased(e) => (e.member_id, "choose", now),
        RewardEvent::IssuanceRefused(e) => (e.member_id, "choose", now),
        RewardEvent::CreditReturned(e) => (e.member_id, "choose", now),
        RewardEvent::PartnerChosen(e) => (e.member_id, "issue", now),
        RewardEvent::IssuanceNotFound(e) => (e.member_id, "issue", now),
        RewardEvent::IssuanceRepeated(e) => (e.member_id, "resolve", Some(e.resolve_at)),
        RewardEvent::IssuanceDeferred(e) => (e.member_id, "issue", Some(e.retry_at)),
        RewardEvent::IssuanceRequested(e) => (e.member_id, "resolve", Some(e.resolve_at)),
        RewardEvent::IssuanceOutcomeUnknown(e) => (e.member_id, "resolve", Some(e.resolve_at)),
        // Its code is asked for until it comes.
        RewardEvent::OutcomeAttested(e) if e.issued => (e.member_id, "resolve", now),
        RewardEvent::RewardResumed(e) => (e.member_id, "choose", now),
        RewardEvent::VoidRequested(e) => (e.member_id, "issue", now),
        RewardEvent::VoidOutcomeUnknown(e) => (e.member_id, "issue", Some(e.resolve_at)),
        RewardEvent::VoidRefused(e) => (e.member_id, "expire", now),
        RewardEvent::OutcomeAttested(e) => (e.member_id, "choose", now),
        RewardEvent::AccountAwaited(e) => {
            (e.member_id, "wait_account", now.map(|at| at + LOOK_ONCE_MORE))
        }
        RewardEvent::VoucherIssued(e) => (e.member_id, "expire", e.expires_at),
        RewardEvent::RewardHeld(e) => (e.member_id, "manual", None),
        RewardEvent::RewardFailed(e) => (e.member_id, "manual", None),
        RewardEvent::VoucherVoided(e) => (e.member_id, "manual", None),
        RewardEvent::ChoiceReopened(e) => (e.member_id, "done", None),
        RewardEvent::CreditApplied(e) => (e.member_id, "done", None),
        RewardEvent::CreditSettled(e) => (e.member_id, "done", None),
        RewardEvent::VoucherExpired(e) => (e.member_id, "done", None),
        RewardEvent::RewardCancelled(e) => (e.member_id, "done", None),
        RewardEvent::RedemptionReversed(e) => (e.member_id, "expire", now),
        RewardEvent::VoucherRevealed(_)
        | RewardEvent::CreditProgressed(_)
        | RewardEvent::VoucherRedeemed(_)
        | RewardEvent::ExpiryUndone(_)
        | RewardEvent::VerificationRequested(_)
        | RewardEvent::VerificationPassed(_)
        | RewardEvent::LateIssueFound(_)
        // `recall_todo` has these: they change nothing of where the reward itself stands.
        | RewardEvent::RecallRequested(_)
        | RewardEvent::RecallOutcomeUnknown(_)
        | RewardEvent::LateIssueRecalled(_)
        | RewardEvent::LateIssueLost(_)
        | RewardEvent::AttestationBegun(_) => return None,
    };
    Some(Todo { member_id: member.0, step, sequence: recorded.sequence, next_at })
}
