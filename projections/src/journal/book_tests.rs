//! Where does an entry count, and do the books say so when something in them is wrong?
//!
//! Rows: A1, A6.

use chrono::{DateTime, NaiveDate, Utc};
use domain::AnchorEvent;
use domain::ids::Position;
use domain::money::Currency;
use rust_decimal::Decimal;
use serde_json::json;

use super::tests::event;
use super::*;
use crate::projection::Recorded;

fn recorded(position: i64, at: &str, event: AnchorEvent) -> Recorded {
    Recorded {
        position: Position(position),
        recorded_at: at.parse::<DateTime<Utc>>().unwrap(),
        aggregate_type: event.stream(),
        aggregate_id: "0192d3a0-0000-7000-8000-000000000001".to_owned(),
        sequence: position,
        event,
        metadata: "{}".into(),
    }
}

fn used_at(position: i64, happened: &str, at: &str) -> Recorded {
    recorded(position, at, event("VoucherRedeemed", json!({ "occurred_at": happened })))
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn october_closed(view: View) -> Book {
    let closures = vec![Closure { month: "2026-10".parse().unwrap(), position: Position(10) }];
    Book::new(Calendar { closures, view })
}

#[test]
fn what_comes_after_its_month_was_closed_is_booked_in_the_open_and_says_where_it_belongs() {
    let late = used_at(11, "2026-10-30T03:00:00Z", "2026-11-04T15:00:00Z");
    let entries = october_closed(View::Booked).enter(&late).unwrap();
    assert_eq!(entries[0].effective_on, day("2026-10-30"));
    // Half past one in the morning of the fifth, in Sydney.
    assert_eq!(entries[0].booked_on, day("2026-11-05"));
    assert_eq!(entries[0].belongs_to, Some("2026-10".parse().unwrap()));
    let entries = october_closed(View::Belonging).enter(&late).unwrap();
    assert_eq!(entries[0].booked_on, day("2026-10-30"));
    // What the closed figures count, and what is of an open month, stays where it happened.
    let counted = used_at(10, "2026-10-30T03:00:00Z", "2026-10-31T01:00:00Z");
    let open = used_at(12, "2026-11-02T03:00:00Z", "2026-11-04T15:00:00Z");
    for on_time in [counted, open] {
        let entries = october_closed(View::Booked).enter(&on_time).unwrap();
        assert_eq!((entries[0].booked_on, entries[0].belongs_to), (entries[0].effective_on, None));
    }
}

#[test]
fn a_business_day_is_the_partners() {
    // Shortly after midnight in Sydney, before ten in the evening in Perth.
    let used = used_at(2, "2026-10-29T13:30:00Z", "2026-10-29T13:30:00Z");
    let mut book = Book::new(Calendar { closures: Vec::new(), view: View::Booked });
    assert_eq!(book.enter(&used).unwrap()[0].effective_on, day("2026-10-30"));
    let AnchorEvent::Reward(domain::reward::RewardEvent::VoucherRedeemed(e)) = &used.event else {
        panic!("it was used");
    };
    let details = json!({
        "type": "PartnerRegistered", "name": "P", "partner_type": "retail", "protocol": "retail",
        "capabilities": [], "products": [], "time_zone": "Australia/Perth",
        "occurred_at": "2026-01-01T00:00:00Z",
    });
    let payload = details.to_string();
    let registered =
        AnchorEvent::decode("partner", "PartnerRegistered", "1.0", payload.as_bytes()).unwrap();
    let mut told = recorded(1, "2026-01-01T00:00:00Z", registered);
    told.aggregate_id = e.partner_id.to_string();
    book.enter(&told).unwrap();
    assert_eq!(book.enter(&used).unwrap()[0].effective_on, day("2026-10-29"));
}

fn checked(events: Vec<AnchorEvent>) -> Vec<(&'static str, Option<i64>)> {
    let mut book = Book::new(Calendar { closures: Vec::new(), view: View::Booked });
    let mut checks = Checks::default();
    for (position, event) in (1..).zip(events) {
        let recorded = recorded(position, "2026-10-29T13:30:00Z", event);
        let entries = book.enter(&recorded).unwrap();
        checks.enter(&recorded, &entries);
    }
    let results = checks.results().into_iter();
    results.map(|check| (check.name, check.broken_at.map(|position| position.0))).collect()
}

#[test]
fn a_whole_life_keeps_every_rule_and_a_cent_too_many_breaks_the_right_one() {
    for model in ["prepaid", "pay_on_redemption", "partner_funded"] {
        let funding = json!({ "funding_model": model, "amount": "20.00", "attempt": 1 });
        let used = |amount: &str, remaining: &str| {
            let changes =
                json!({ "funding_model": model, "amount": amount, "remaining": remaining });
            event("VoucherRedeemed", changes)
        };
        let begun = || {
            vec![
                event("MilestoneReached", json!({ "amount": "20.00" })),
                event("IssuanceRequested", funding.clone()),
                event("VoucherIssued", funding.clone()),
            ]
        };
        let mut sound = begun();
        let voucher = match &sound[2] {
            AnchorEvent::Reward(domain::reward::RewardEvent::VoucherIssued(e)) => {
                e.voucher_id.clone()
            }
            other => panic!("{other:?}"),
        };
        let at = |mut payload: serde_json::Value| {
            payload["voucher_id"] = json!(voucher);
            payload
        };
        let expired = at(json!({ "funding_model": model, "unspent": "7.50" }));
        let spent = at(json!({ "funding_model": model, "amount": "12.50", "remaining": "7.50" }));
        sound.extend([event("VoucherRedeemed", spent), event("VoucherExpired", expired)]);
        let all_hold = |results: &[(&str, Option<i64>)]| results.iter().all(|r| r.1.is_none());
        assert!(all_hold(&checked(sound.clone())), "{model}: {:?}", checked(sound));
        let mut odd = begun();
        odd.push(used("12.51", "7.50"));
        let odd = checked(odd);
        assert_eq!(odd.iter().find(|r| r.0 == "face_value").unwrap().1, Some(4), "{model}");
        let mut unanswered = begun();
        unanswered.remove(1);
        let results = checked(unanswered);
        assert_eq!(results.iter().find(|r| r.0 == "in_flight").unwrap().1, Some(2), "{model}");
    }
}

#[test]
fn what_accounts_hold_comes_to_nothing_in_all() {
    let mut balances = Balances::default();
    for posting in postings_of(&event("MilestoneReached", json!({ "amount": "20.00" }))) {
        balances.post(&posting);
    }
    let owed = balances.of("liabilities:committed", Currency::AUD);
    assert_eq!(owed.net(), Decimal::from(-20));
    assert!(balances.differences().is_empty());
}

#[test]
fn a_line_of_the_banks_counts_on_the_day_it_was_booked_and_belongs_to_no_reward() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../domain/src/settlement/wire/SettlementRecorded.v1.json"
    );
    let text = std::fs::read_to_string(path).unwrap();
    let (stream, name) = ("settlement", "SettlementRecorded");
    let settled = AnchorEvent::decode(stream, name, "1.0", text.as_bytes()).unwrap();
    let brought = recorded(1, "2026-11-21T03:04:05Z", settled.clone());
    let mut book = Book::new(Calendar { closures: Vec::new(), view: View::Booked });
    let entries = book.enter(&brought).unwrap();
    assert_eq!((entries[0].effective_on, &entries[0].reward_id), (day("2026-11-20"), &None));
    assert_eq!(entries[0].moved, None);
    assert!(checked(vec![settled]).iter().all(|(_, broken_at)| broken_at.is_none()));
}
