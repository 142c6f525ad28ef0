//! Does a bill credit say nothing of why it comes?
//!
//! Rows: P3, C1.

use domain::reward::{CreditState, ValueKind};
use secrecy::SecretString;
use serde_json::{Value, json};
use uuid::Uuid;

use super::wire::{CUSTOMER_NOTE, REASON, Utility};
use crate::partners::partner::{Notice, Order};
use crate::partners::protocols::speaker::Dialect;

#[test]
fn an_order_is_seven_fields_with_a_neutral_note() {
    let order = Order {
        idempotency_key: Uuid::from_u128(7),
        reference: "MFRGGZDFMZTWQ2LK".to_owned(),
        product: "agl-bill-credit".to_owned(),
        kind: ValueKind::Credit,
        amount: "50.00".parse().unwrap(),
        currency: "AUD".parse().unwrap(),
        account: Some(SecretString::from("1234567890")),
    };
    let body: Value = serde_json::from_slice(&Utility::body(&order)).unwrap();
    let expected = json!({
        "reference": "MFRGGZDFMZTWQ2LK", "product": "agl-bill-credit",
        "account_number": "1234567890", "amount": "50.00", "currency": "AUD",
        "reason": "third_party_credit_no_refund", "customer_note": "Account credit",
    });
    assert_eq!(body, expected);
    for text in [CUSTOMER_NOTE, REASON] {
        for word in ["recover", "gambl", "reward", "milestone", "clean", "anchor", "program"] {
            assert!(!text.to_lowercase().contains(word), "{text}");
        }
    }
}

#[test]
fn a_credit_that_is_applied_stands_on_a_bill() {
    let notice = json!({
        "type": "credit.applied", "timestamp": "2026-11-24T03:00:00Z",
        "data": { "credit_id": "C1", "reference": "R", "account": "1234567890",
                  "amount": "50.00", "applied_at": "2026-11-24T03:00:00Z" },
    });
    let read = Utility::read_notice(notice.to_string().as_bytes()).unwrap();
    assert!(matches!(read, Notice::CreditApplied { state: Some(CreditState::OnBill), .. }));
    let spoken = json!({
        "type": "credit.returned", "timestamp": "2026-11-24T03:00:00Z",
        "data": { "credit_id": "C1", "reference": "R", "amount": "50.00", "why": "He moved!",
                  "returned_at": "2026-11-24T03:00:00Z" },
    });
    assert!(Utility::read_notice(spoken.to_string().as_bytes()).is_err(), "a code, not a text");
}
