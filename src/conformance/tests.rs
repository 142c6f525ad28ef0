//! Does the kit keep to itself what it must, and take webhooks as strictly as Anchor does?
//!
//! Rows: P7, P9, W2, W3, W4.

use secrecy::SecretString;
use serde_json::json;

use super::check::{Checklist, Finding, Promise};
use super::listener::{Board, Came, Read};
use crate::clock::real_now;
use crate::partners::protocols::dialect;
use crate::partners::settings::WebhookSecret;
use crate::partners::signature::{Agreed, SignatureError, Unsigned, WebhookScheme, headers};

const PROMISE: Promise = Promise { id: "one", title: "A promise", expected: "what is right" };
const REFERENCE: &str = "MFRGGZDFMZTWQ2LK";

#[test]
fn a_partner_that_answers_with_a_secret_does_not_get_it_into_a_report() {
    let mut list = Checklist::telling(&|_| {});
    list.hide(&SecretString::from("12345678903"));
    list.hide(&SecretString::from("123"));
    list.add(&PROMISE, Some("a product"), Err("422 12345678903".to_owned()));
    list.leave_out(&[&PROMISE], None, "123");
    let checks = list.into_checks();
    assert_eq!((checks[0].seen.as_str(), checks[0].finding), ("422 (hidden)", Finding::Failed));
    assert_eq!(checks[1].seen, "123", "too short to hide anything else with it");
}

#[test]
fn a_promise_is_kept_when_it_was_tried_and_never_broken() {
    let mut list = Checklist::telling(&|_| {});
    assert!(!list.has_kept(&[&PROMISE]), "it was not tried");
    list.add(&PROMISE, None, Ok("good".to_owned()));
    assert!(list.has_kept(&[&PROMISE]));
    list.leave_out(&[&PROMISE], Some("another"), "it could not be tried");
    assert!(!list.has_kept(&[&PROMISE]));
}

fn secret() -> WebhookSecret {
    WebhookSecret::parse("a-secret-of-the-tests-for-webhooks").unwrap()
}

fn board() -> Board {
    let scheme = WebhookScheme::StandardWebhooks;
    Board::new(Agreed { scheme, secrets: vec![secret()] }, dialect("retail").unwrap().read_notice)
}

/// Sends a webhook that is signed so many seconds from now.
async fn send(board: &Board, id: &str, body: &serde_json::Value, skew: i64) -> bool {
    let body = body.to_string();
    let now = real_now().timestamp() + skew;
    let unsigned = Unsigned { id, at: now, body: body.as_bytes() };
    let signed = headers(&WebhookScheme::StandardWebhooks, &secret(), &unsigned);
    let header = |name: &str| signed.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    board.take(&header, body.as_bytes()).await
}

fn issued() -> serde_json::Value {
    json!({ "type": "voucher.issued", "timestamp": "2026-01-01T00:00:00Z",
        "data": { "reference": REFERENCE, "voucher_id": "V1" } })
}

#[tokio::test]
async fn webhooks_are_taken_once_they_are_theirs_and_copies_are_noticed() {
    let board = board();
    assert!(send(&board, "m1", &issued(), 0).await);
    assert!(send(&board, "m1", &issued(), 0).await, "a copy is taken, and noticed");
    assert!(!send(&board, "m2", &issued(), -600).await);
    assert!(send(&board, "m3", &json!({ "type": "lottery.won" }), 0).await);
    let nothing = |_: &str| None;
    assert!(!board.take(&nothing, b"{}").await);
    let came = board.came();
    let reads: Vec<(Read, bool)> = came.iter().map(|one| (one.read, one.is_copy)).collect();
    let expected = [
        (Read::Well, false),
        (Read::Well, true),
        (Read::NotTheirs(SignatureError::Stale), false),
        (Read::Odd, false),
        (Read::NotTheirs(SignatureError::Missing), false),
    ];
    assert_eq!(reads, expected);
    let Came { reference, happened_at, .. } = &came[0];
    assert_eq!(reference.as_deref(), Some(REFERENCE));
    assert_eq!(happened_at.unwrap().to_rfc3339(), "2026-01-01T00:00:00+00:00");
    assert_eq!(came[2].reference, None, "nothing is believed that is not fresh");
}

#[tokio::test]
async fn a_webhook_is_early_when_its_order_is_answered_only_after_it_was_taken() {
    let (board, webhook) = (board(), issued());
    board.asked(REFERENCE);
    // The webhook is looked at first, and then the order is answered.
    let answering = async { board.answered(REFERENCE) };
    let (taken, ()) = tokio::join!(send(&board, "m1", &webhook, 0), answering);
    assert!(taken && !board.came()[0].is_early);
    board.asked(REFERENCE);
    assert!(send(&board, "m2", &webhook, 0).await);
    board.answered(REFERENCE);
    assert!(board.came()[1].is_early);
    board.given_up(REFERENCE);
    assert!(!board.came()[1].is_early, "an order without an answer has no before");
}
