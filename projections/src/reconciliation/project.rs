//! Adds up what moved, by partner, business day and currency.
//!
//! Rows: A1, Q1.

#![deny(clippy::wildcard_enum_match_arm)]

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::NaiveDate;
use domain::AnchorEvent;
use domain::reward::RewardEvent;
use rust_decimal::Decimal;
use sqlx::PgConnection;

use crate::journal::{Zones, postings_of};
use crate::projection::{Projection, ProjectionError, Recorded};

/// The key of its checkpoint.
pub const NAME: &str = "reconciliation";
const ZONES: &str = "reconciliation_zones";

/// The read model `reconciliation`.
pub struct Reconciliation;

type Key = (String, NaiveDate, String);

#[derive(Debug, Default, Clone)]
struct Moved {
    committed: Decimal,
    in_flight: Decimal,
    issued: Decimal,
    redeemed: Decimal,
    expired: Decimal,
    voided: Decimal,
    position: i64,
}

#[async_trait]
impl Projection for Reconciliation {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> i32 {
        2
    }

    fn tables(&self) -> &'static [&'static str] {
        &["reconciliation", ZONES]
    }

    async fn project(
        &self,
        batch: &[Recorded],
        tx: &mut PgConnection,
    ) -> Result<(), ProjectionError> {
        let mut zones = Zones::load(ZONES, tx).await?;
        let mut days: BTreeMap<Key, Moved> = BTreeMap::new();
        let mut has_news = false;
        for recorded in batch {
            has_news |= zones.note(recorded);
            add(&mut days, recorded, &zones);
        }
        if has_news {
            zones.keep(ZONES, tx).await?;
        }
        if days.is_empty() { Ok(()) } else { write(days, tx).await }
    }
}

/// Owed and ordered are balances of their accounts; the rest goes by the event's first posting.
fn add(days: &mut BTreeMap<Key, Moved>, recorded: &Recorded, zones: &Zones) {
    let AnchorEvent::Reward(event) = &recorded.event else { return };
    let postings = postings_of(&recorded.event);
    let day = zones.day(recorded, &postings);
    for (line, posting) in postings.into_iter().enumerate() {
        let amount = posting.amount.decimal();
        let partner = posting.partner_id.map(|partner| partner.to_string()).unwrap_or_default();
        let currency = posting.currency.to_string();
        for (account, sign) in [(posting.credit_account, 1), (posting.debit_account, -1)] {
            let signed = amount * Decimal::from(sign);
            if account == "liabilities:committed" {
                let key = (String::new(), day, currency.clone());
                moved(days, key, recorded).committed += signed;
            } else if account.starts_with("liabilities:clearing:") {
                let key = (partner.clone(), day, currency.clone());
                moved(days, key, recorded).in_flight += signed;
            }
        }
        if line == 0 {
            count(event, amount, moved(days, (partner, day, currency), recorded));
        }
    }
}

fn moved<'a>(days: &'a mut BTreeMap<Key, Moved>, key: Key, recorded: &Recorded) -> &'a mut Moved {
    let moved = days.entry(key).or_default();
    moved.position = recorded.position.0;
    moved
}

fn count(event: &RewardEvent, amount: Decimal, moved: &mut Moved) {
    match event {
        RewardEvent::VoucherIssued(_)
        | RewardEvent::CreditApplied(_)
        | RewardEvent::LateIssueFound(_) => moved.issued += amount,
        // What of a late value does not come back is paid for as if it were spent.
        RewardEvent::VoucherRedeemed(_)
        | RewardEvent::CreditSettled(_)
        | RewardEvent::LateIssueLost(_) => moved.redeemed += amount,
        RewardEvent::RedemptionReversed(_) => moved.redeemed -= amount,
        RewardEvent::VoucherExpired(_) => moved.expired += amount,
        RewardEvent::ExpiryUndone(_) => moved.expired -= amount,
        RewardEvent::VoucherVoided(_) | RewardEvent::LateIssueRecalled(_) => {
            moved.voided += amount;
        }
        RewardEvent::CreditReturned(e) => {
            moved.voided += amount;
            if e.was_settled {
                moved.redeemed -= amount;
            }
        }
        RewardEvent::MilestoneReached(_)
        | RewardEvent::PartnerChosen(_)
        | RewardEvent::CreditProgressed(_)
        | RewardEvent::AccountAwaited(_)
        | RewardEvent::VerificationRequested(_)
        | RewardEvent::VerificationPassed(_)
        | RewardEvent::RewardHeld(_)
        | RewardEvent::RewardReleased(_)
        | RewardEvent::IssuanceRequested(_)
        | RewardEvent::IssuanceRefused(_)
        | RewardEvent::IssuanceDeferred(_)
        | RewardEvent::IssuanceOutcomeUnknown(_)
        | RewardEvent::IssuanceNotFound(_)
        | RewardEvent::IssuanceRepeated(_)
        | RewardEvent::VoucherRevealed(_)
        | RewardEvent::OutcomeAttested(_)
        | RewardEvent::RewardFailed(_)
        | RewardEvent::RewardCancelled(_)
        | RewardEvent::RewardResumed(_)
        | RewardEvent::AttestationBegun(_)
        | RewardEvent::VoidRequested(_)
        | RewardEvent::VoidOutcomeUnknown(_)
        | RewardEvent::VoidRefused(_)
        | RewardEvent::ChoiceReopened(_)
        | RewardEvent::RecallRequested(_)
        | RewardEvent::RecallOutcomeUnknown(_) => {}
    }
}

async fn write(days: BTreeMap<Key, Moved>, tx: &mut PgConnection) -> Result<(), ProjectionError> {
    let column = |pick: fn(&Moved) -> Decimal| days.values().map(pick).collect::<Vec<_>>();
    let partners: Vec<&str> = days.keys().map(|(partner, ..)| partner.as_str()).collect();
    let dates: Vec<NaiveDate> = days.keys().map(|(_, day, _)| *day).collect();
    let currencies: Vec<&str> = days.keys().map(|(.., currency)| currency.as_str()).collect();
    let positions: Vec<i64> = days.values().map(|moved| moved.position).collect();
    sqlx::query(
        "INSERT INTO reconciliation AS r (partner_id, business_date, currency, committed, in_flight,
                                          issued, redeemed, expired, voided, last_position)
         SELECT * FROM unnest($1::text[], $2::date[], $3::text[], $4::numeric[], $5::numeric[],
                              $6::numeric[], $7::numeric[], $8::numeric[], $9::numeric[],
                              $10::bigint[])
         ON CONFLICT (partner_id, business_date, currency) DO UPDATE SET
           committed = r.committed + EXCLUDED.committed,
           in_flight = r.in_flight + EXCLUDED.in_flight,
           issued = r.issued + EXCLUDED.issued, redeemed = r.redeemed + EXCLUDED.redeemed,
           expired = r.expired + EXCLUDED.expired, voided = r.voided + EXCLUDED.voided,
           last_position = EXCLUDED.last_position
         WHERE r.last_position < EXCLUDED.last_position",
    )
    .bind(partners)
    .bind(dates)
    .bind(currencies)
    .bind(column(|moved| moved.committed))
    .bind(column(|moved| moved.in_flight))
    .bind(column(|moved| moved.issued))
    .bind(column(|moved| moved.redeemed))
    .bind(column(|moved| moved.expired))
    .bind(column(|moved| moved.voided))
    .bind(positions)
    .execute(tx)
    .await?;
    Ok(())
}
