//! Do all postings balance, and where is the money at the end of a voucher's life?
//!
//! Rows: A1, A4.

use std::collections::BTreeMap;

use domain::AnchorEvent;
use domain::reward::RewardEvent;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::*;

const WIRE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../domain/src/reward/wire");

/// An event as it is stored, with some fields changed.
pub(super) fn event(name: &str, changes: Value) -> AnchorEvent {
    let (_, version) =
        RewardEvent::STORED.iter().find(|(stored, _)| *stored == name).expect("it is stored");
    let major = version.split('.').next().unwrap_or_default();
    let text = std::fs::read_to_string(format!("{WIRE}/{name}.v{major}.json")).unwrap();
    let mut payload: Value = serde_json::from_str(&text).unwrap();
    for (field, value) in changes.as_object().unwrap() {
        payload[field] = value.clone();
    }
    let payload = payload.to_string();
    AnchorEvent::decode(RewardEvent::STREAM, name, version, payload.as_bytes()).unwrap()
}

/// What each account holds: credits less debits.
fn balances(events: &[AnchorEvent]) -> BTreeMap<String, Decimal> {
    let mut balances: BTreeMap<String, Decimal> = BTreeMap::new();
    for posting in events.iter().flat_map(postings_of) {
        *balances.entry(posting.credit_account).or_default() += posting.amount.decimal();
        *balances.entry(posting.debit_account).or_default() -= posting.amount.decimal();
    }
    balances.retain(|_, balance| !balance.is_zero());
    balances
}

fn held(balances: &BTreeMap<String, Decimal>) -> Vec<(&str, String)> {
    balances.iter().map(|(account, held)| (account.as_str(), format!("{held:.2}"))).collect()
}

fn life(model: &str, ending: AnchorEvent) -> Vec<AnchorEvent> {
    let funding = json!({ "funding_model": model, "amount": "20.00", "currency": "AUD" });
    vec![
        event("MilestoneReached", json!({})),
        event("IssuanceRequested", funding.clone()),
        event("VoucherIssued", funding),
        ending,
    ]
}

fn spent(model: &str) -> AnchorEvent {
    event("VoucherRedeemed", json!({ "funding_model": model, "amount": "20.00" }))
}

#[test]
fn every_event_posts_amounts_between_two_accounts() {
    let mut posting_events = 0;
    for (name, _) in RewardEvent::STORED {
        let postings = postings_of(&event(name, json!({})));
        posting_events += usize::from(!postings.is_empty());
        for posting in postings {
            assert!(posting.amount.decimal() > Decimal::ZERO, "{name}");
            assert_ne!(posting.debit_account, posting.credit_account, "{name}");
        }
    }
    assert!(posting_events >= 10, "{posting_events}");
}

#[test]
fn a_spent_voucher_is_owed_to_the_shop_or_was_paid_before_or_given() {
    let of = |model: &str| balances(&life(model, spent(model)));
    let cost = ("expenses:rewards:grocery_voucher", "-20.00".to_owned());
    assert_eq!(
        held(&of("pay_on_redemption")),
        [cost.clone(), ("liabilities:payable:woolworths", "20.00".into())]
    );
    assert_eq!(held(&of("prepaid")), [("assets:float:woolworths", "20.00".into()), cost.clone()]);
    assert_eq!(
        held(&of("partner_funded")),
        [cost, ("income:contributions:woolworths", "20.00".into())]
    );
}

#[test]
fn what_is_not_spent_ends_as_breakage_where_it_was_not_paid_for() {
    let expired = |model: &str| {
        let expired =
            event("VoucherExpired", json!({ "funding_model": model, "unspent": "20.00" }));
        balances(&life(model, expired))
    };
    assert_eq!(expired("pay_on_redemption")["income:breakage"], Decimal::from(20));
    assert!(!expired("prepaid").contains_key("income:breakage"), "it was paid for");
}

#[test]
fn what_is_reversed_is_as_if_it_had_not_been() {
    for model in ["pay_on_redemption", "prepaid", "partner_funded"] {
        let mut events = life(model, spent(model));
        let before = balances(&events[..3]);
        let changes = json!({ "funding_model": model, "amount": "20.00" });
        events.push(event("RedemptionReversed", changes));
        assert_eq!(balances(&events), before, "{model}");
    }
}

#[test]
fn an_expiry_that_is_undone_is_as_if_it_had_not_been() {
    for model in ["pay_on_redemption", "prepaid", "partner_funded"] {
        let expired = json!({ "funding_model": model, "unspent": "20.00" });
        let mut events = life(model, event("VoucherExpired", expired));
        let before = balances(&events[..3]);
        let undone = json!({ "funding_model": model, "amount": "20.00" });
        events.push(event("ExpiryUndone", undone));
        assert_eq!(balances(&events), before, "{model}");
    }
}

#[test]
fn a_refusal_gives_back_what_was_on_its_way() {
    let amount = json!({ "amount": "20.00" });
    let before = balances(&[event("MilestoneReached", json!({}))]);
    let after = balances(&[
        event("MilestoneReached", json!({})),
        event("IssuanceRequested", amount.clone()),
        event("IssuanceRefused", amount),
    ]);
    assert_eq!(after, before);
}
