//! Folds a reward's events into what the support team needs to know of it.
//!
//! Rows: R6, Q3.

#![deny(clippy::wildcard_enum_match_arm)]

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::AnchorEvent;
use domain::money::Amount;
use domain::reward::{MilestoneReached, RewardEvent, RewardStatus, RewardType};
use rust_decimal::Decimal;
use serde::Serialize;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::projection::{Projection, ProjectionError, Recorded};
use crate::rows::Table;

/// The key of its checkpoint.
pub const NAME: &str = "support_rewards";
const TABLE: Table = Table {
    name: "support_rewards",
    key: "reward_id",
    columns: &[
        "reward_id",
        "member_id",
        "milestone_id",
        "reward_type",
        "amount",
        "currency",
        "status",
        "waits_since",
        "partner_id",
        "code_masked",
        "attempt",
        "attempt_state",
        "attempt_since",
        "void_state",
        "void_since",
        "first_person",
        "last_reason",
        "created_at",
        "last_position",
    ],
};

/// The read model `support_rewards`.
pub struct SupportRewards;

#[derive(Debug, Clone, Serialize, FromRow)]
struct Row {
    reward_id: Uuid,
    member_id: Uuid,
    milestone_id: String,
    reward_type: String,
    amount: Decimal,
    currency: String,
    status: String,
    waits_since: DateTime<Utc>,
    partner_id: Option<String>,
    code_masked: Option<String>,
    attempt: i32,
    attempt_state: Option<String>,
    attempt_since: Option<DateTime<Utc>>,
    void_state: Option<String>,
    void_since: Option<DateTime<Utc>>,
    first_person: Option<Uuid>,
    last_reason: Option<String>,
    created_at: DateTime<Utc>,
    last_position: i64,
}

#[async_trait]
impl Projection for SupportRewards {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> i32 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["support_rewards"]
    }

    async fn project(
        &self,
        batch: &[Recorded],
        tx: &mut PgConnection,
    ) -> Result<(), ProjectionError> {
        let events: Vec<(Uuid, &RewardEvent, &Recorded)> =
            batch.iter().filter_map(of_reward).collect();
        if events.is_empty() {
            return Ok(());
        }
        let ids: Vec<Uuid> = events.iter().map(|(id, ..)| *id).collect();
        let stored: Vec<Row> =
            sqlx::query_as("SELECT * FROM support_rewards WHERE reward_id = ANY($1)")
                .bind(&ids)
                .fetch_all(&mut *tx)
                .await?;
        let mut rows: BTreeMap<Uuid, Row> =
            stored.into_iter().map(|row| (row.reward_id, row)).collect();
        for (id, event, recorded) in events {
            if let RewardEvent::MilestoneReached(e) = event {
                rows.insert(id, first_row(id, e, recorded));
            }
            let row = rows.get_mut(&id).ok_or(ProjectionError::Broken {
                rule: "a reward begins with its milestone",
                position: recorded.position,
            })?;
            fold(row, event, recorded)?;
        }
        let rows: Vec<Row> = rows.into_values().collect();
        Ok(TABLE.upsert(tx, &rows).await?)
    }
}

fn of_reward(recorded: &Recorded) -> Option<(Uuid, &RewardEvent, &Recorded)> {
    let AnchorEvent::Reward(event) = &recorded.event else { return None };
    Some((recorded.aggregate_id.parse().ok()?, event, recorded))
}

fn first_row(id: Uuid, e: &MilestoneReached, recorded: &Recorded) -> Row {
    let reward_type = serde_json::to_value(e.reward_type).unwrap_or_default();
    Row {
        reward_id: id,
        member_id: e.member_id.0,
        milestone_id: e.milestone.to_string(),
        reward_type: reward_type.as_str().unwrap_or_default().to_owned(),
        amount: e.amount.decimal(),
        currency: e.currency.to_string(),
        status: RewardStatus::Pending.to_string(),
        waits_since: e.occurred_at,
        partner_id: None,
        code_masked: None,
        attempt: 0,
        attempt_state: None,
        attempt_since: None,
        void_state: None,
        void_since: None,
        first_person: None,
        last_reason: None,
        created_at: e.occurred_at,
        last_position: recorded.position.0,
    }
}

fn fold(row: &mut Row, event: &RewardEvent, recorded: &Recorded) -> Result<(), ProjectionError> {
    let broken = |rule| ProjectionError::Broken { rule, position: recorded.position };
    let before: RewardStatus =
        row.status.parse().map_err(|_| broken("a stored status is known"))?;
    let reward_type: RewardType = serde_json::from_value(row.reward_type.clone().into())
        .map_err(|_| broken("a stored type is known"))?;
    // `amount` is that of the voucher as soon as there is one, and of what is owed after a void.
    let face = Amount::new(row.amount).map_err(|_| broken("a stored amount is one"))?;
    let status = before.after(event, reward_type, face);
    if status != before {
        row.waits_since = recorded.recorded_at;
    }
    row.status = status.to_string();
    row.last_position = recorded.position.0;
    attempt(row, event, recorded.recorded_at);
    value(row, event, recorded.recorded_at);
    Ok(())
}

/// Who is asked, and how that stands.
fn attempt(row: &mut Row, event: &RewardEvent, at: DateTime<Utc>) {
    match event {
        RewardEvent::PartnerChosen(e) => row.partner_id = Some(e.partner_id.to_string()),
        RewardEvent::AccountAwaited(_)
        | RewardEvent::RewardResumed(_)
        | RewardEvent::ChoiceReopened(_) => row.partner_id = None,
        RewardEvent::IssuanceRequested(e) => {
            row.attempt = i32::try_from(e.attempt).unwrap_or(i32::MAX);
            row.attempt_since = Some(at);
            stands(row, "requested", None);
        }
        RewardEvent::IssuanceRepeated(_) => stands(row, "requested", None),
        RewardEvent::IssuanceDeferred(e) => stands(row, "deferred", Some(&e.why)),
        RewardEvent::IssuanceOutcomeUnknown(e) => stands(row, "unknown", Some(&e.why)),
        RewardEvent::IssuanceNotFound(_) => stands(row, "not_found", None),
        RewardEvent::IssuanceRefused(e) => {
            row.partner_id = None;
            stands(row, "refused", Some(&e.code));
        }
        RewardEvent::AttestationBegun(e) => row.first_person = Some(e.first_person),
        RewardEvent::OutcomeAttested(e) => {
            row.first_person = None;
            if e.issued {
                row.last_reason = Some("code_awaited".to_owned());
            } else {
                row.partner_id = None;
                stands(row, "attested_not_issued", None);
            }
        }
        RewardEvent::VoucherIssued(e) => {
            row.partner_id = Some(e.partner_id.to_string());
            stands(row, "issued", None);
        }
        RewardEvent::CreditApplied(e) => {
            row.partner_id = Some(e.partner_id.to_string());
            stands(row, "issued", None);
        }
        RewardEvent::MilestoneReached(_)
        | RewardEvent::VerificationRequested(_)
        | RewardEvent::VerificationPassed(_)
        | RewardEvent::RewardHeld(_)
        | RewardEvent::RewardReleased(_)
        | RewardEvent::CreditProgressed(_)
        | RewardEvent::CreditSettled(_)
        | RewardEvent::CreditReturned(_)
        | RewardEvent::VoucherRevealed(_)
        | RewardEvent::VoucherRedeemed(_)
        | RewardEvent::RedemptionReversed(_)
        | RewardEvent::VoucherExpired(_)
        | RewardEvent::ExpiryUndone(_)
        | RewardEvent::VoucherVoided(_)
        | RewardEvent::VoidRequested(_)
        | RewardEvent::VoidOutcomeUnknown(_)
        | RewardEvent::VoidRefused(_)
        | RewardEvent::LateIssueFound(_)
        | RewardEvent::RecallRequested(_)
        | RewardEvent::RecallOutcomeUnknown(_)
        | RewardEvent::LateIssueRecalled(_)
        | RewardEvent::LateIssueLost(_)
        | RewardEvent::RewardFailed(_)
        | RewardEvent::RewardCancelled(_) => {}
    }
}

/// What was given, what is being taken back, and why it goes no further.
fn value(row: &mut Row, event: &RewardEvent, at: DateTime<Utc>) {
    match event {
        RewardEvent::VoucherIssued(e) => {
            row.amount = e.amount.decimal();
            row.code_masked = Some(e.code_masked.clone());
            (row.void_state, row.void_since, row.last_reason) = (None, None, None);
        }
        RewardEvent::CreditApplied(_) | RewardEvent::RewardResumed(_) => row.last_reason = None,
        RewardEvent::CreditReturned(e) => {
            row.partner_id = None;
            row.last_reason = Some(e.why.clone());
        }
        RewardEvent::RewardHeld(e) => row.last_reason = Some(e.why.clone()),
        RewardEvent::ChoiceReopened(e) => row.last_reason = Some(e.why.clone()),
        RewardEvent::RewardFailed(e) => row.last_reason = Some(e.why.clone()),
        RewardEvent::RewardCancelled(e) => row.last_reason = Some(e.why.clone()),
        RewardEvent::LateIssueFound(_) => row.last_reason = Some("late_issue_found".to_owned()),
        RewardEvent::RecallRequested(_) => {}
        RewardEvent::RecallOutcomeUnknown(_) => {
            row.last_reason = Some("late_issue_not_taken_back_yet".to_owned());
        }
        RewardEvent::LateIssueRecalled(_) => {
            row.last_reason = Some("late_issue_taken_back".to_owned());
        }
        RewardEvent::LateIssueLost(_) => row.last_reason = Some("late_issue_lost".to_owned()),
        RewardEvent::VoidRequested(_) => {
            (row.void_state, row.void_since) = (Some("asked".to_owned()), Some(at));
        }
        RewardEvent::VoidOutcomeUnknown(e) => row.last_reason = Some(e.why.clone()),
        RewardEvent::VoidRefused(e) => {
            row.void_state = Some("refused".to_owned());
            row.last_reason = Some(e.code.clone());
        }
        RewardEvent::VoucherVoided(e) => {
            row.amount = e.unspent.decimal();
            row.partner_id = None;
            row.code_masked = None;
            row.void_state = Some("voided".to_owned());
            row.last_reason = Some("voided".to_owned());
        }
        RewardEvent::MilestoneReached(_)
        | RewardEvent::PartnerChosen(_)
        | RewardEvent::AccountAwaited(_)
        | RewardEvent::VerificationRequested(_)
        | RewardEvent::VerificationPassed(_)
        | RewardEvent::RewardReleased(_)
        | RewardEvent::IssuanceRequested(_)
        | RewardEvent::IssuanceRefused(_)
        | RewardEvent::IssuanceDeferred(_)
        | RewardEvent::IssuanceOutcomeUnknown(_)
        | RewardEvent::IssuanceNotFound(_)
        | RewardEvent::IssuanceRepeated(_)
        | RewardEvent::CreditProgressed(_)
        | RewardEvent::CreditSettled(_)
        | RewardEvent::VoucherRevealed(_)
        | RewardEvent::VoucherRedeemed(_)
        | RewardEvent::RedemptionReversed(_)
        | RewardEvent::VoucherExpired(_)
        | RewardEvent::ExpiryUndone(_)
        | RewardEvent::OutcomeAttested(_)
        | RewardEvent::AttestationBegun(_) => {}
    }
}

fn stands(row: &mut Row, state: &str, reason: Option<&str>) {
    row.attempt_state = Some(state.to_owned());
    if matches!(state, "refused" | "issued" | "attested_not_issued") {
        row.first_person = None;
    }
    if let Some(reason) = reason {
        row.last_reason = Some(reason.to_owned());
    }
}
