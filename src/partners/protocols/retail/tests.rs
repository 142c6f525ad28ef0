//! What does each answer of a shop mean? Every class, from a real socket.
//!
//! Rows: P2, P10, D4, D1, D2, C1. Cases: C27.

use std::time::{Duration, Instant};

use domain::reward::ValueKind;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

use super::wire::Retail;
use crate::partners::calls::{NoAnswer, client, send};
use crate::partners::outcome::{Accepted, Outcome, Voided};
use crate::partners::partner::{Notice, Order, UnreadableNotice};
use crate::partners::protocols::answers::outcome_of;
use crate::partners::protocols::speaker::Dialect;
use crate::partners::protocols::values::VoucherOrder;

fn order() -> Order {
    Order {
        idempotency_key: Uuid::from_u128(7),
        reference: "MFRGGZDFMZTWQ2LK".to_owned(),
        product: "coles-egift".to_owned(),
        kind: ValueKind::Voucher,
        amount: "20.00".parse().unwrap(),
        currency: "AUD".parse().unwrap(),
        account: None,
    }
}

fn read_notice(body: &[u8]) -> Result<Notice, UnreadableNotice> {
    Retail::read_notice(body)
}

fn voucher() -> Value {
    json!({
        "voucher_id": "CO1", "reference": "MFRGGZDFMZTWQ2LK", "product": "coles-egift",
        "code": "ABCD-EFGH-JKLM", "pin": "1234", "barcode": null, "amount": "20.00",
        "currency": "AUD", "remaining": "20.00", "expires_on": "2029-11-24",
        "issued_at": "2026-11-24T03:00:00Z", "state": "active",
    })
}

/// A server that reads one request and writes these bytes, then closes; gives its address.
async fn answers(bytes: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        read_request(&mut socket).await;
        socket.write_all(&bytes).await.unwrap();
        socket.shutdown().await.ok();
    });
    format!("http://{address}")
}

async fn read_request(socket: &mut TcpStream) {
    let mut seen = Vec::new();
    let mut buffer = [0_u8; 4096];
    while !seen.windows(4).any(|window| window == b"\r\n\r\n") {
        let read = socket.read(&mut buffer).await.unwrap();
        if read == 0 {
            return;
        }
        seen.extend_from_slice(&buffer[..read]);
    }
}

fn response(status: &str, content_type: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\n");
    format!("{head}content-length: {length}\r\nconnection: close\r\n\r\n{body}").into_bytes()
}

async fn outcome(bytes: Vec<u8>) -> Outcome {
    crate::install_tls();
    let url = answers(bytes).await;
    let deadline = Instant::now() + Duration::from_secs(5);
    let answer = send(client().unwrap().post(url).body("{}"), deadline).await;
    outcome_of(answer, |answer| Retail::accepted(answer, &order()))
}

async fn outcome_of_json(status: &str, body: &Value) -> Outcome {
    outcome(response(status, "application/json", &body.to_string())).await
}

fn unknown(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Unknown { why } => why,
        other => panic!("not unknown: {other:?}"),
    }
}

#[tokio::test]
async fn what_was_ordered_is_accepted() {
    for status in ["200 OK", "201 Created"] {
        let outcome = outcome_of_json(status, &voucher()).await;
        let Outcome::Accepted(Accepted::Voucher(voucher)) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(voucher.voucher_id, "CO1");
        assert!(!format!("{voucher:?}").contains("ABCD-EFGH-JKLM"), "a code cannot be printed");
    }
}

#[tokio::test]
async fn another_amount_currency_reference_or_product_is_unknown() {
    for (field, value, why) in [
        ("amount", "200.00", "amount_differs"),
        ("currency", "NZD", "amount_differs"),
        ("reference", "SOMETHINGELSE", "reference_differs"),
        ("product", "gift", "reference_differs"),
        ("amount", "-20.00", "unreadable_answer"),
        ("code", "", "unreadable_answer"),
        ("code", "ABCD\u{0}1234", "unreadable_answer"),
        ("voucher_id", "", "unreadable_answer"),
        ("voucher_id", "CO\u{0}1", "unreadable_answer"),
        ("issued_at", "+20000-01-01T00:00:00Z", "unreadable_answer"),
        ("expires_on", "-9999-01-01", "unreadable_answer"),
    ] {
        let mut odd = voucher();
        odd[field] = json!(value);
        assert_eq!(unknown(&outcome_of_json("201 Created", &odd).await), why, "{field}");
    }
}

#[tokio::test]
async fn a_good_status_without_a_readable_body_is_unknown() {
    let html = response("200 OK", "text/html", "<html>welcome</html>");
    assert_eq!(unknown(&outcome(html).await), "unreadable_answer");
    let garbage = response("201 Created", "application/json", "{\"voucher_id\":");
    assert_eq!(unknown(&outcome(garbage).await), "unreadable_answer");
    let huge = response("201 Created", "application/json", &" ".repeat(300 * 1024));
    assert_eq!(unknown(&outcome(huge).await), "answer_too_large");
    let mut cut = response("201 Created", "application/json", &voucher().to_string());
    cut.truncate(cut.len() - 10);
    assert_eq!(unknown(&outcome(cut).await), "answer_cut_off");
    assert_eq!(unknown(&outcome(Vec::new()).await), "connection_lost");
}

#[tokio::test]
async fn a_documented_refusal_is_a_definite_no() {
    let body = |code: &str| json!({ "error": { "code": code, "message": "", "temporary": true } });
    for (status, code) in [
        ("400 Bad Request", "invalid_request"),
        ("404 Not Found", "not_found"),
        ("422 Unprocessable", "insufficient_float"),
    ] {
        let outcome = outcome_of_json(status, &body(code)).await;
        assert!(matches!(outcome, Outcome::Refused { code: c, temporary: true } if c == code));
    }
}

#[tokio::test]
async fn a_shut_door_is_a_no_to_this_call_alone() {
    for status in ["401 Unauthorized", "403 Forbidden"] {
        let body = json!({ "error": { "code": "forbidden", "message": "" } });
        let outcome = outcome_of_json(status, &body).await;
        assert!(matches!(outcome, Outcome::NotLetIn { code } if code == "forbidden"), "{status}");
    }
}

#[tokio::test]
async fn a_refusal_that_is_not_documented_is_unknown() {
    for status in ["400 Bad Request", "403 Forbidden", "404 Not Found", "422 Unprocessable"] {
        let gateway = response(status, "text/html", "<html>denied</html>");
        assert_eq!(unknown(&outcome(gateway).await), "undocumented_refusal", "{status}");
    }
    let wordy = json!({ "error": { "code": "no\u{0}".repeat(99), "message": "" } });
    assert_eq!(unknown(&outcome_of_json("422 No", &wordy).await), "undocumented_refusal");
    let gateway = response("429 Slow Down", "text/html", "<html>slow down</html>");
    assert_eq!(unknown(&outcome(gateway).await), "undocumented_refusal");
    let conflict = json!({ "error": { "code": "in_progress", "message": "" } });
    assert_eq!(unknown(&outcome_of_json("409 Conflict", &conflict).await), "still_running");
    assert_eq!(unknown(&outcome(response("302 Found", "text/html", "")).await), "redirected");
}

#[tokio::test]
async fn a_server_error_is_unknown_unless_it_says_not_processed() {
    for status in ["500 Oops", "502 Bad Gateway", "503 Unavailable", "504 Timeout"] {
        assert_eq!(unknown(&outcome(response(status, "text/html", "")).await), "server_error");
    }
    let body = json!({ "error": { "code": "not_processed", "message": "", "temporary": true } });
    let outcome = outcome_of_json("503 Unavailable", &body).await;
    assert!(matches!(outcome, Outcome::Deferred { why: "not_processed", .. }));
}

#[tokio::test]
async fn too_many_calls_are_deferred_as_long_as_the_partner_asks() {
    let body = json!({ "error": { "code": "rate_limited", "message": "" } });
    let mut bytes = response("429 Slow Down", "application/json", &body.to_string());
    let head = b"retry-after: 7\r\n";
    bytes.splice(24..24, head.iter().copied());
    let outcome = outcome(bytes).await;
    let Outcome::Deferred { why: "rate_limited", retry_after } = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(retry_after, Some(Duration::from_secs(7)));
}

#[tokio::test]
async fn what_was_never_connected_was_never_sent() {
    crate::install_tls();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let deadline = Instant::now() + Duration::from_secs(5);
    let request = client().unwrap().post(format!("http://{address}"));
    assert_eq!(send(request, deadline).await.err(), Some(NoAnswer::NotSent("connect_failed")));
}

#[tokio::test]
async fn nothing_leaves_after_the_deadline() {
    crate::install_tls();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let sent = send(client().unwrap().post(url), Instant::now()).await;
    assert_eq!(sent.err(), Some(NoAnswer::NotSent("deadline_passed")));
    let knocked = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
    assert!(knocked.is_err(), "somebody connected after the deadline");
}

#[test]
fn an_order_is_four_fields_and_nothing_else() {
    let body = serde_json::to_value(VoucherOrder::of(&order())).unwrap();
    let allowed = json!({
        "reference": "MFRGGZDFMZTWQ2LK",
        "product": "coles-egift",
        "amount": "20.00",
        "currency": "AUD",
    });
    assert_eq!(body, allowed);
}

#[test]
fn notices_are_read_and_unknown_kinds_are_kept() {
    let notice = |kind: &str, data: Value| {
        let body = json!({ "type": kind, "timestamp": "2026-11-24T03:00:00Z", "data": data });
        read_notice(body.to_string().as_bytes())
    };
    let redeemed = json!({
        "voucher_id": "CO1", "redemption_id": "r1", "amount": "12.50", "remaining": "7.50",
        "redeemed_at": "2026-11-24T02:00:00Z",
    });
    assert!(matches!(
        notice("voucher.redeemed", redeemed.clone()),
        Ok(Notice::VoucherRedeemed { .. })
    ));
    for (field, odd) in [
        ("amount", json!(12.5)),
        ("place", json!("a field that is not published")),
        ("redemption_id", json!("a\u{0}b")),
        ("voucher_id", json!("")),
        ("voucher_id", json!("x".repeat(101))),
        ("redeemed_at", json!("-9999-01-01T00:00:00Z")),
        ("redeemed_at", json!("+20000-01-01T00:00:00Z")),
    ] {
        let mut notice_with = redeemed.clone();
        notice_with[field] = odd;
        assert!(notice("voucher.redeemed", notice_with).is_err(), "{field}");
    }
    assert!(notice("voucher.redeemed", json!({})).is_err());
    let unknown = Ok(Notice::Unknown { kind: "loyalty.joined".to_owned() });
    assert_eq!(notice("loyalty.joined", json!({})), unknown);
    let unreadable = read_notice(b"{\"type\":\"secret-text").unwrap_err();
    assert!(!unreadable.to_string().contains("secret-text"), "{unreadable}");
}

#[test]
fn an_id_of_theirs_is_one_piece_of_an_address_whatever_it_holds() {
    let base = reqwest::Url::parse("https://shop.example/api/vouchers/").unwrap();
    for id in ["a/b", "?x=1", "#top", "../void", "..%2f", "%2e%2e", "a b", "é", ";", "\\..\\", "@"]
    {
        let piece = super::super::speaker::segment(id).unwrap();
        let url = base.join(&format!("./{piece}/void")).unwrap();
        let pieces: Vec<&str> = url.path_segments().unwrap().collect();
        assert_eq!(pieces, ["api", "vouchers", &piece, "void"], "{id}");
        assert!(url.query().is_none() && url.fragment().is_none(), "{id}");
    }
    for dots in ["", ".", ".."] {
        assert_eq!(super::super::speaker::segment(dots), None, "{dots:?}");
    }
    assert_eq!(super::super::speaker::segment("WO000002114").as_deref(), Some("WO000002114"));
}

#[test]
fn a_void_that_is_still_running_is_no_refusal() {
    let said = |code: &str| {
        let body = json!({ "error": { "code": code, "message": "no", "temporary": false } });
        let answer = crate::partners::calls::Answer {
            status: reqwest::StatusCode::CONFLICT,
            retry_after: None,
            is_json: true,
            body: body.to_string().into_bytes(),
        };
        super::super::answers::voided_of(Ok(answer), "V1")
    };
    for code in ["in_progress", "idempotency_key_reused"] {
        let not_said = Voided::NotSaid { why: "still_running", retry_after: None };
        assert_eq!(said(code), not_said, "{code}");
    }
}
