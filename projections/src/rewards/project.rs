//! Folds a reward's events into its row. Status and value come from the domain's own rules.
//!
//! Rows: R1, R5, Q1, Q3.

#![deny(clippy::wildcard_enum_match_arm)]

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::AnchorEvent;
use domain::money::Amount;
use domain::reward::{ChosenBecause, MilestoneReached, RewardEvent, RewardStatus, RewardType};
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::details;
use super::row::{Row, TABLE};
use crate::projection::{Projection, ProjectionError, Recorded};

/// The key of its checkpoint.
pub const NAME: &str = "rewards";

/// The read model `rewards`.
pub struct Rewards;

#[async_trait]
impl Projection for Rewards {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> i32 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["rewards"]
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
        let stored: Vec<Row> = sqlx::query_as("SELECT * FROM rewards WHERE id = ANY($1)")
            .bind(&ids)
            .fetch_all(&mut *tx)
            .await?;
        let mut rows: BTreeMap<Uuid, Row> = stored.into_iter().map(|row| (row.id, row)).collect();
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
    let texts = |partners: &[domain::ids::PartnerId]| {
        partners.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let number = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    Row {
        id,
        user_id: e.member_id.0,
        milestone_id: e.milestone.to_string(),
        milestone_days: number(e.milestone_days),
        journey_number: number(e.journey_number),
        cycle: number(e.cycle),
        reward_type: word(e.reward_type),
        reward_amount: e.amount.decimal(),
        currency: e.currency.to_string(),
        policy_version: e.policy_version.to_string(),
        status: RewardStatus::Pending.to_string(),
        eligible_partners: texts(&e.eligible_partners),
        claim_only: texts(&e.claim_only),
        partner_used: None,
        distribution_details: None,
        sealed: None,
        voucher_id: None,
        credit_id: None,
        message: None,
        error_message: None,
        issued_at: None,
        created_at: e.occurred_at,
        updated_at: e.occurred_at,
        last_position: recorded.position.0,
    }
}

fn fold(row: &mut Row, event: &RewardEvent, recorded: &Recorded) -> Result<(), ProjectionError> {
    let broken = |rule| ProjectionError::Broken { rule, position: recorded.position };
    let status: RewardStatus =
        row.status.parse().map_err(|_| broken("a stored status is known"))?;
    let face = face_of(row).ok_or(broken("a stored amount is one"))?;
    let reward_type = type_of(&row.reward_type).ok_or(broken("a stored type is known"))?;
    let status = status.after(event, reward_type, face);
    row.status = status.to_string();
    row.updated_at = recorded.recorded_at;
    row.last_position = recorded.position.0;
    value(row, event);
    row.message = Some(message(row, status).to_owned());
    Ok(())
}

fn message(row: &Row, status: RewardStatus) -> &'static str {
    let credit = row.distribution_details.as_ref().filter(|_| row.credit_id.is_some());
    let state = credit.and_then(|credit| credit["state"].as_str());
    state
        .and_then(|state| details::message_of_credit(status, state))
        .unwrap_or_else(|| details::message(status))
}

/// What the event says of partner and value.
fn value(row: &mut Row, event: &RewardEvent) {
    match event {
        RewardEvent::PartnerChosen(e) => {
            if matches!(e.reason, ChosenBecause::Redirected { .. }) {
                begin_anew(row);
            }
            row.partner_used = Some(e.partner_id.to_string());
        }
        RewardEvent::AccountAwaited(_) => row.partner_used = None,
        RewardEvent::IssuanceRefused(e) => not_from_there(row, &e.code),
        RewardEvent::ChoiceReopened(e) => not_from_there(row, &e.why),
        RewardEvent::IssuanceDeferred(e) => row.error_message = Some(e.why.clone()),
        RewardEvent::IssuanceOutcomeUnknown(e) => row.error_message = Some(e.why.clone()),
        RewardEvent::RewardFailed(e) => row.error_message = Some(e.why.clone()),
        RewardEvent::RewardResumed(_) => begin_anew(row),
        RewardEvent::VoucherIssued(e) => {
            row.partner_used = Some(e.partner_id.to_string());
            row.voucher_id = Some(e.voucher_id.clone());
            row.distribution_details = Some(details::of_voucher(e));
            row.sealed = Some(details::sealed(e));
            row.issued_at = Some(e.occurred_at);
            row.error_message = None;
        }
        RewardEvent::CreditApplied(e) => {
            row.partner_used = Some(e.partner_id.to_string());
            row.credit_id = Some(e.credit_id.clone());
            row.distribution_details = Some(details::of_credit(e));
            row.issued_at = Some(e.occurred_at);
            row.error_message = None;
        }
        RewardEvent::CreditProgressed(e) => detail(row, "state", json!(e.state)),
        RewardEvent::CreditSettled(e) => {
            detail(row, "state", e.state.map_or(json!("settled"), |state| json!(state)));
        }
        RewardEvent::CreditReturned(e) => {
            detail(row, "state", json!("returned"));
            row.credit_id = None;
            row.partner_used = None;
            row.error_message = Some(e.why.clone());
        }
        RewardEvent::VoucherRedeemed(e) => detail(row, "remaining", json!(e.remaining)),
        RewardEvent::RedemptionReversed(e) => detail(row, "remaining", json!(e.remaining)),
        RewardEvent::ExpiryUndone(e) => detail(row, "remaining", json!(e.amount)),
        RewardEvent::VoucherExpired(_) | RewardEvent::VoucherVoided(_) => {
            detail(row, "remaining", json!(Amount::ZERO));
        }
        RewardEvent::MilestoneReached(_)
        | RewardEvent::VerificationRequested(_)
        | RewardEvent::VerificationPassed(_)
        | RewardEvent::RewardHeld(_)
        | RewardEvent::RewardReleased(_)
        | RewardEvent::IssuanceRequested(_)
        | RewardEvent::IssuanceNotFound(_)
        | RewardEvent::IssuanceRepeated(_)
        | RewardEvent::VoucherRevealed(_)
        | RewardEvent::OutcomeAttested(_)
        | RewardEvent::LateIssueFound(_)
        | RewardEvent::RewardCancelled(_)
        | RewardEvent::AttestationBegun(_)
        | RewardEvent::VoidRequested(_)
        | RewardEvent::VoidOutcomeUnknown(_)
        | RewardEvent::VoidRefused(_)
        | RewardEvent::RecallRequested(_)
        | RewardEvent::RecallOutcomeUnknown(_)
        | RewardEvent::LateIssueRecalled(_)
        | RewardEvent::LateIssueLost(_) => {}
    }
}

/// The partner that was chosen does not give it.
fn not_from_there(row: &mut Row, why: &str) {
    row.partner_used = None;
    row.error_message = Some(why.to_owned());
}

/// What there was before has been taken back, or never came.
fn begin_anew(row: &mut Row) {
    row.partner_used = None;
    row.voucher_id = None;
    row.distribution_details = None;
    row.sealed = None;
    row.issued_at = None;
    row.error_message = None;
}

/// What the voucher was over: less than the reward when it replaces one that was spent in part.
fn face_of(row: &Row) -> Option<Amount> {
    let voucher = row.distribution_details.as_ref().filter(|_| row.voucher_id.is_some());
    match voucher.and_then(|voucher| voucher["amount"].as_str()) {
        Some(amount) => amount.parse().ok(),
        None => Amount::new(row.reward_amount).ok(),
    }
}

fn detail(row: &mut Row, name: &str, value: Value) {
    if let Some(Value::Object(details)) = &mut row.distribution_details {
        details.insert(name.to_owned(), value);
    }
}

fn word(reward_type: RewardType) -> String {
    serde_json::to_value(reward_type)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn type_of(word: &str) -> Option<RewardType> {
    serde_json::from_value(Value::String(word.to_owned())).ok()
}
