//! Does a top-up carry its card, and a fuel voucher nobody's?
//!
//! Rows: P4, C1.

use domain::reward::{CreditState, ValueKind};
use secrecy::SecretString;
use serde_json::{Value, json};
use uuid::Uuid;

use super::wire::Transport;
use crate::partners::partner::{Notice, Order};
use crate::partners::protocols::speaker::Dialect;

fn order(product: &str, kind: ValueKind, card: Option<&str>) -> Order {
    Order {
        idempotency_key: Uuid::from_u128(7),
        reference: "MFRGGZDFMZTWQ2LK".to_owned(),
        product: product.to_owned(),
        kind,
        amount: "100.00".parse().unwrap(),
        currency: "AUD".parse().unwrap(),
        account: card.map(|card| SecretString::from(card.to_owned())),
    }
}

#[test]
fn a_top_up_names_the_card_and_a_fuel_voucher_nobody() {
    let top_up = order("opal-top-up", ValueKind::Credit, Some("3085220012345670"));
    let body: Value = serde_json::from_slice(&Transport::body(&top_up)).unwrap();
    let mut expected = json!({
        "reference": "MFRGGZDFMZTWQ2LK", "product": "opal-top-up",
        "account_number": "3085220012345670", "amount": "100.00", "currency": "AUD",
    });
    assert_eq!(body, expected);
    let fuel = order("fuel-bp", ValueKind::Voucher, None);
    let body: Value = serde_json::from_slice(&Transport::body(&fuel)).unwrap();
    expected.as_object_mut().unwrap().remove("account_number");
    expected["product"] = json!("fuel-bp");
    assert_eq!(body, expected);
    assert_eq!(Transport::place("fuel_vouchers"), "fuel-vouchers");
    assert_eq!(Transport::place("transport_credits"), "top-ups");
}

#[test]
fn a_top_up_that_is_applied_is_on_the_card_and_may_sleep_before() {
    let notice = |kind: &str, data: Value| {
        let body = json!({ "type": kind, "timestamp": "2026-11-24T03:00:00Z", "data": data });
        Transport::read_notice(body.to_string().as_bytes())
    };
    let applied = notice(
        "credit.applied",
        json!({ "credit_id": "C1", "reference": "R", "account": "3085220012345670",
                "amount": "100.00", "applied_at": "2026-11-24T03:00:00Z" }),
    );
    assert!(matches!(applied, Ok(Notice::CreditApplied { state: Some(CreditState::Loaded), .. })));
    for (state, is_read) in [("awaiting_tap", true), ("dormant", true), ("lost", false)] {
        let data = json!({ "credit_id": "C1", "reference": "R", "state": state,
            "at": "2026-11-24T03:00:00Z" });
        assert_eq!(notice("credit.progressed", data).is_ok(), is_read, "{state}");
    }
}
