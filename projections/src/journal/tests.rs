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

/// Any stored event, with some fields changed.
fn stored(stream: &str, name: &str, changes: Value) -> AnchorEvent {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../domain/src");
    let text = std::fs::read_to_string(format!("{folder}/{stream}/wire/{name}.v1.json")).unwrap();
    let mut payload: Value = serde_json::from_str(&text).unwrap();
    for (field, value) in changes.as_object().unwrap() {
        payload[field] = value.clone();
    }
    AnchorEvent::decode(stream, name, "1.0", payload.to_string().as_bytes()).unwrap()
}

const MODELS: [(&str, &str); 3] = [
    ("prepaid", "assets:float:aldi"),
    ("pay_on_redemption", "liabilities:payable:aldi"),
    ("partner_funded", "suspense:recon:aldi"),
];

#[test]
fn what_our_bank_paid_is_a_float_or_pays_what_is_owed_and_what_it_received_undoes_it() {
    for (model, account) in MODELS {
        let line = |direction: &str| {
            let changes = json!({ "funding_model": model, "direction": direction });
            stored("settlement", "SettlementRecorded", changes)
        };
        let paid = balances(&[line("paid")]);
        let wanted = [("assets:bank", "500.00".to_owned()), (account, "-500.00".to_owned())];
        let mut wanted = wanted.to_vec();
        wanted.sort();
        assert_eq!(held(&paid), wanted, "{model}");
        assert!(balances(&[line("paid"), line("received")]).is_empty(), "{model}");
    }
}

#[test]
fn what_the_books_go_on_with_stands_in_suspense_until_its_statement_is_superseded() {
    for (model, account) in [
        ("prepaid", "assets:float:aldi"),
        ("pay_on_redemption", "liabilities:payable:aldi"),
        ("partner_funded", "income:contributions:aldi"),
    ] {
        let of = |name: &str, changes: Value| {
            let mut all = json!({ "partner_id": "aldi", "funding_model": model });
            all.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
            stored("partner_statement", name, all)
        };
        let text = |cents: i64| Decimal::new(cents, 2).to_string();
        let fee = |cents: i64| json!({ "movement": "FEE", "off_by": text(cents) });
        let line = |cents: i64| {
            let (movement, line) = ("ADJUST", 1);
            json!({ "line": line, "position": 7, "movement": movement, "off_by": text(cents) })
        };
        let against = of("BreakForced", fee(-150));
        let tolerated = of("LinesMatched", json!({ "matched": [line(-3), line(2)] }));
        assert_eq!(postings_of(&tolerated).len(), 2, "neither hides the other");
        let both = [against, tolerated];
        let wanted = [(account, "1.51".to_owned()), ("suspense:recon:aldi", "-1.51".to_owned())];
        assert_eq!(held(&balances(&both)), wanted, "{model}");
        let suspended = json!({ "currency": "AUD", "funding_model": model, "against_us": "1.53",
                "in_our_favour": "0.02" });
        let superseded = of("StatementSuperseded", json!({ "suspended": [suspended] }));
        let [forced, tolerated] = both;
        assert!(balances(&[forced, tolerated, superseded]).is_empty(), "{model}");
        assert!(postings_of(&of("BreakForced", fee(0))).is_empty(), "nothing is in question");
    }
}
