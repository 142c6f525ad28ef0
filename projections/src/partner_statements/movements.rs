//! Which events of ours must a partner's statement speak of, and as what?
//!
//! Rows: A2.

#![deny(clippy::wildcard_enum_match_arm)]

use chrono::{DateTime, NaiveDate, Utc};
use domain::AnchorEvent;
use domain::clean_days::local_date;
use domain::ids::{PartnerId, Position};
use domain::money::{Amount, Currency};
use domain::partner_statement::MovementKind;
use domain::reward::{FundingModel, RewardEvent};
use domain::settlement::{Direction, SettlementEvent, SettlementRecorded};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Serialize;
use uuid::Uuid;

use crate::journal::Zones;
use crate::projection::{ProjectionError, Recorded};

/// What was asked of a partner: no line speaks of it, but its reference is known by it.
pub const ORDER: &str = "ORDER";

/// A row of `statement_movements`, before any statement speaks of it.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "the fields are those of the table")]
pub struct MovementRow {
    pub position: i64,
    pub partner_id: String,
    /// None of what passed at our bank.
    pub reward_id: Option<Uuid>,
    pub kind: &'static str,
    pub attempt: Option<u32>,
    pub reference: Option<String>,
    pub partner_ref: String,
    pub use_id: Option<String>,
    pub business_date: NaiveDate,
    pub cents: i64,
    pub currency: Currency,
}

/// What an event moved at a partner.
struct Moved<'a> {
    partner: &'a PartnerId,
    kind: MovementKind,
    attempt: Option<u32>,
    reference: Option<&'a str>,
    partner_ref: &'a str,
    use_id: Option<&'a str>,
    value: (Amount, Currency),
    at: DateTime<Utc>,
}

/// The row that an event makes; days begin in the partner's zone.
pub fn row_of(recorded: &Recorded, zones: &Zones) -> Result<Option<MovementRow>, ProjectionError> {
    let is_of_reward = matches!(recorded.event, AnchorEvent::Reward(_));
    let reward_id = is_of_reward.then(|| recorded.stream()).transpose()?;
    let row = asked_or_moved(&recorded.event, recorded.position, zones);
    Ok(row.map(|row| MovementRow { reward_id, ..row }))
}

/// What moved by an event, of which a statement has to speak; whose reward it was is left out.
#[must_use]
pub fn movement_of(recorded: &Recorded, zones: &Zones) -> Option<MovementRow> {
    let row = asked_or_moved(&recorded.event, recorded.position, zones);
    row.filter(|row| row.kind != ORDER)
}

fn asked_or_moved(event: &AnchorEvent, position: Position, zones: &Zones) -> Option<MovementRow> {
    match event {
        AnchorEvent::Settlement(SettlementEvent::SettlementRecorded(e)) => top_up(position, e),
        AnchorEvent::Reward(event) => of_reward(event, position, zones),
        AnchorEvent::Partner(_)
        | AnchorEvent::PartnerAccount(_)
        | AnchorEvent::PartnerStatement(_)
        | AnchorEvent::Journey(_)
        | AnchorEvent::Member(_)
        | AnchorEvent::Period(_) => None,
    }
}

fn of_reward(event: &RewardEvent, position: Position, zones: &Zones) -> Option<MovementRow> {
    let (position, reward_id) = (position.0, None);
    if let RewardEvent::IssuanceRequested(e) = event {
        return Some(MovementRow {
            position,
            partner_id: e.partner_id.to_string(),
            reward_id,
            kind: ORDER,
            attempt: Some(e.attempt),
            reference: Some(e.reference.clone()),
            partner_ref: String::new(),
            use_id: None,
            business_date: local_date(e.occurred_at, zones.of(&e.partner_id)),
            cents: cents(e.amount),
            currency: e.currency,
        });
    }
    let moved = moved(event).filter(|moved| !moved.value.0.is_zero())?;
    let sign = if moved.kind.may_be(1) { 1 } else { -1 };
    Some(MovementRow {
        position,
        partner_id: moved.partner.to_string(),
        reward_id,
        kind: moved.kind.as_str(),
        attempt: moved.attempt,
        reference: moved.reference.map(str::to_owned),
        partner_ref: moved.partner_ref.to_owned(),
        use_id: moved.use_id.map(str::to_owned),
        business_date: local_date(moved.at, zones.of(moved.partner)),
        cents: sign * cents(moved.value.0),
        currency: moved.value.1,
    })
}

/// What our bank paid into a float: the partner's line may name the bank's reference in either
/// place, or none that we know.
fn top_up(position: Position, e: &SettlementRecorded) -> Option<MovementRow> {
    let is_top_up = e.funding_model == FundingModel::Prepaid && e.direction == Direction::Paid;
    is_top_up.then(|| MovementRow {
        position: position.0,
        partner_id: e.partner_id.to_string(),
        reward_id: None,
        kind: MovementKind::TopUp.as_str(),
        attempt: None,
        reference: Some(e.bank_reference.clone()),
        partner_ref: e.bank_reference.clone(),
        use_id: None,
        business_date: e.booked_on,
        cents: cents(e.amount),
        currency: e.currency,
    })
}

fn cents(amount: Amount) -> i64 {
    // Below a billion, with two places: it always fits.
    (amount.decimal() * Decimal::ONE_HUNDRED).to_i64().unwrap_or(i64::MAX)
}

fn of_value<'a>(
    partner: &'a PartnerId,
    kind: MovementKind,
    partner_ref: &'a str,
    value: (Amount, Currency),
    at: DateTime<Utc>,
) -> Moved<'a> {
    let (attempt, reference, use_id) = (None, None, None);
    Moved { partner, kind, attempt, reference, partner_ref, use_id, value, at }
}

/// What came into being.
fn issued(event: &RewardEvent) -> Option<Moved<'_>> {
    use MovementKind::Issue;
    if let RewardEvent::VoucherIssued(e) = event {
        let value = (e.amount, e.currency);
        let moved = of_value(&e.partner_id, Issue, &e.voucher_id, value, e.occurred_at);
        Some(Moved { attempt: Some(e.attempt), reference: Some(&e.reference), ..moved })
    } else if let RewardEvent::CreditApplied(e) = event {
        let value = (e.amount, e.currency);
        let moved = of_value(&e.partner_id, Issue, &e.credit_id, value, e.occurred_at);
        Some(Moved { attempt: Some(e.attempt), reference: Some(&e.reference), ..moved })
    } else if let RewardEvent::LateIssueFound(e) = event {
        let value = (e.amount, e.currency);
        let moved = of_value(&e.partner_id, Issue, &e.partner_ref, value, e.occurred_at);
        Some(Moved { attempt: Some(e.attempt), ..moved })
    } else {
        None
    }
}

fn moved(event: &RewardEvent) -> Option<Moved<'_>> {
    use MovementKind as K;
    use RewardEvent as E;
    let moved = of_value;
    Some(match event {
        E::VoucherIssued(_) | E::CreditApplied(_) | E::LateIssueFound(_) => return issued(event),
        E::VoucherRedeemed(e) => Moved {
            use_id: Some(&e.redemption_id),
            ..moved(&e.partner_id, K::Redeem, &e.voucher_id, (e.amount, e.currency), e.occurred_at)
        },
        E::RedemptionReversed(e) => {
            let kind = K::RedeemReversal;
            let value = (e.amount, e.currency);
            Moved {
                use_id: Some(&e.redemption_id),
                ..moved(&e.partner_id, kind, &e.voucher_id, value, e.occurred_at)
            }
        }
        E::CreditSettled(e) => {
            moved(&e.partner_id, K::Redeem, &e.credit_id, (e.amount, e.currency), e.occurred_at)
        }
        E::CreditReturned(e) => {
            moved(&e.partner_id, K::Return, &e.credit_id, (e.amount, e.currency), e.occurred_at)
        }
        E::VoucherExpired(e) => {
            moved(&e.partner_id, K::Expire, &e.voucher_id, (e.unspent, e.currency), e.occurred_at)
        }
        E::VoucherVoided(e) => {
            moved(&e.partner_id, K::Void, &e.voucher_id, (e.unspent, e.currency), e.occurred_at)
        }
        E::LateIssueRecalled(e) => {
            moved(&e.partner_id, K::Void, &e.partner_ref, (e.amount, e.currency), e.occurred_at)
        }
        E::IssuanceRequested(_)
        | E::RecallRequested(_)
        | E::RecallOutcomeUnknown(_)
        | E::LateIssueLost(_)
        | E::ChoiceReopened(_)
        | E::ExpiryUndone(_)
        | E::MilestoneReached(_)
        | E::RewardCancelled(_)
        | E::IssuanceRefused(_)
        | E::OutcomeAttested(_)
        | E::PartnerChosen(_)
        | E::CreditProgressed(_)
        | E::AccountAwaited(_)
        | E::VerificationRequested(_)
        | E::VerificationPassed(_)
        | E::RewardHeld(_)
        | E::RewardReleased(_)
        | E::IssuanceDeferred(_)
        | E::IssuanceOutcomeUnknown(_)
        | E::IssuanceNotFound(_)
        | E::IssuanceRepeated(_)
        | E::VoucherRevealed(_)
        | E::RewardFailed(_)
        | E::RewardResumed(_)
        | E::AttestationBegun(_)
        | E::VoidRequested(_)
        | E::VoidOutcomeUnknown(_)
        | E::VoidRefused(_) => return None,
    })
}
