//! What does each class of answer come to? The same at every partner, for every product.
//!
//! Rows: P5, P10, D2, D4, R4, R6, C1. Threats: T26.

use domain::ids::ReferralId;
use serde_json::{Value, json};
use uuid::Uuid;

use super::partner::{Everybody, order_of, response, response_of, soon, yes_to};
use crate::partners::outcome::{Accepted, LookUp, Outcome, Voided};
use crate::partners::partner::{
    AccountClaim, NotTold, Order, Referral, Referred, Verdict, VoucherToVoid,
};
use crate::partners::question::Topic;

fn documented(code: &str) -> Value {
    json!({ "error": { "code": code, "message": "", "temporary": true } })
}

/// An outcome in a few words: `accepted`, `refused no`, `deferred why`, `unknown why`.
pub fn said(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Accepted(Accepted::Voucher(voucher)) => {
            format!("accepted {}", voucher.voucher_id)
        }
        Outcome::Accepted(Accepted::Credit(credit)) => format!("accepted {}", credit.credit_id),
        Outcome::Refused { code, .. } => format!("refused {code}"),
        Outcome::NotLetIn { code } => format!("not let in {code}"),
        Outcome::Deferred { why, retry_after } => {
            format!("deferred {why} {}", retry_after.map_or(0, |wait| wait.as_secs()))
        }
        Outcome::Unknown { why } => format!("unknown {why}"),
    }
}

/// Every class of answer to an order, and what it has to come to.
fn classes(order: &Order) -> Vec<(Vec<u8>, String)> {
    let yes = yes_to(order);
    let id = if order.account.is_some() { "C1" } else { "V1" };
    let mut classes = vec![
        (response("200 OK", &yes), format!("accepted {id}")),
        (response("201 Created", &yes), format!("accepted {id}")),
    ];
    let mut expect = |bytes: Vec<u8>, said: &str| classes.push((bytes, said.to_owned()));
    for (field, value, why) in [
        ("amount", "200.00", "amount_differs"),
        ("currency", "NZD", "amount_differs"),
        ("reference", "SOMETHINGELSE", "reference_differs"),
        ("product", "something-else", "reference_differs"),
        ("amount", "-20.00", "unreadable_answer"),
        ("voucher_id", "", "unreadable_answer"),
    ] {
        let mut odd = yes.clone();
        odd[field] = json!(value);
        if field == "voucher_id" {
            odd["credit_id"] = json!(value);
        }
        expect(response("201 Created", &odd), &format!("unknown {why}"));
    }
    for status in ["400 No", "401 No", "403 No", "404 No", "422 No"] {
        let is_door = status.starts_with("401") || status.starts_with("403");
        let class = if is_door { "not let in" } else { "refused" };
        let said = format!("{class} not_this_one");
        expect(response(status, &documented("not_this_one")), &said);
        let page = response_of(status, "text/html", "<html>no</html>");
        expect(page, "unknown undocumented_refusal");
    }
    expect(response("409 Conflict", &documented("in_progress")), "unknown still_running");
    expect(response("429 Slow", &documented("rate_limited")), "deferred rate_limited 7");
    expect(response("429 Slow", &json!({})), "unknown undocumented_refusal");
    expect(response("503 Later", &documented("not_processed")), "deferred not_processed 7");
    expect(response("503 Later", &documented("no_idea")), "unknown server_error");
    for status in ["500 Oops", "502 Oops", "503 Oops", "504 Oops"] {
        expect(response_of(status, "text/html", "<html>oops</html>"), "unknown server_error");
    }
    expect(response_of("302 Found", "text/html", ""), "unknown redirected");
    expect(response_of("200 OK", "text/html", "<html>hi</html>"), "unknown unreadable_answer");
    expect(response_of("200 OK", "application/json", "{\"a\":"), "unknown unreadable_answer");
    let mut cut = response("201 Created", &yes);
    cut.truncate(cut.len() - 10);
    expect(cut, "unknown answer_cut_off");
    expect(Vec::new(), "unknown connection_lost");
    classes
}

#[tokio::test]
async fn every_class_of_answer_means_the_same_at_every_partner_for_every_product() {
    let everybody = Everybody::open().await;
    let mut orders = 0;
    for entry in everybody.catalogue.iter().filter(|entry| entry.moves_value()) {
        let partner = everybody.caller(entry);
        for product in entry.products() {
            let order = order_of(product);
            for (bytes, expected) in classes(&order) {
                everybody.desk.answer(bytes.clone());
                let outcome = partner.issue(&order, soon()).await;
                let answer = String::from_utf8_lossy(&bytes).into_owned();
                assert_eq!(said(&outcome), expected, "{}: {answer}", product.id);
                let printed = format!("{outcome:?}");
                assert!(!printed.contains("ABCD-EFGH-JKLM"), "a code cannot be printed");
                let came = everybody.desk.came();
                let calls = if bytes.starts_with(b"HTTP/1.1 401") { 2 } else { 1 };
                assert_eq!(came.len(), calls, "{answer}: {came:?}");
                for came in came {
                    let key = format!("idempotency-key: {}", order.idempotency_key);
                    assert!(came.head.contains(&key), "every repeat has the same key");
                    assert_eq!(came.body.as_bytes(), partner.prepare(&order).body, "and bytes");
                }
            }
            orders += 1;
        }
    }
    assert_eq!(orders, 5 * 2 + 5 + 2 + 5, "every product of every partner");
    everybody.close().await;
}

#[tokio::test]
async fn a_look_up_by_our_reference_finds_what_was_ordered_or_says_that_it_cannot_tell() {
    let everybody = Everybody::open().await;
    for entry in everybody.catalogue.iter().filter(|entry| entry.moves_value()) {
        let partner = everybody.caller(entry);
        for product in entry.products() {
            let order = order_of(product);
            let mut other = yes_to(&order);
            other["amount"] = json!("1.00");
            for (bytes, expected) in [
                (response("200 OK", &yes_to(&order)), "found"),
                (response("404 No", &documented("not_found")), "nothing"),
                (response("404 No", &documented("no_such_route")), "look_up_failed"),
                (response_of("404 No", "text/html", ""), "look_up_failed"),
                (response("200 OK", &other), "amount_differs"),
                (response_of("500 Oops", "text/html", ""), "look_up_failed"),
                (Vec::new(), "connection_lost"),
            ] {
                everybody.desk.answer(bytes);
                let found = match partner.look_up(&order, soon()).await {
                    LookUp::Found(_) => "found",
                    LookUp::NotFound => "nothing",
                    LookUp::Unknown { why } => why,
                };
                assert_eq!(found, expected, "{}", product.id);
                let asked = everybody.desk.came().remove(0);
                assert!(asked.line.contains(&order.reference) && asked.body.is_empty());
            }
        }
    }
    everybody.close().await;
}

#[tokio::test]
async fn an_account_is_theirs_not_theirs_or_not_yet_said() {
    let everybody = Everybody::open().await;
    let claim = AccountClaim {
        number: "12345678903".to_owned().into(),
        security_code: Some("ABC123".to_owned().into()),
        grant: None,
    };
    for entry in everybody.catalogue.iter().filter(|entry| entry.account_number().is_some()) {
        let partner = everybody.caller(entry);
        for (bytes, expected) in [
            (response("200 OK", &json!({ "state": "verified" })), "verified"),
            (response("202 OK", &json!({ "state": "pending" })), "pending"),
            (response("200 OK", &json!({ "state": "perhaps" })), "unreadable_answer"),
            (response("422 No", &documented("account_not_accepted")), "account_not_accepted"),
            (response_of("422 No", "text/html", ""), "verification_failed"),
            (response("429 Slow", &json!({})), "rate_limited"),
            (response_of("500 Oops", "text/html", ""), "verification_failed"),
            (Vec::new(), "connection_lost"),
        ] {
            everybody.desk.answer(bytes);
            let verdict = match partner.verify(&claim, soon()).await {
                Verdict::Verified => "verified".to_owned(),
                Verdict::Pending => "pending".to_owned(),
                Verdict::Refused { code } => code,
                Verdict::NotSaid { why, .. } => why.to_owned(),
            };
            assert_eq!(verdict, expected, "{}", entry.id());
            let asked = everybody.desk.came().remove(0);
            assert!(!asked.line.contains("12345678903"), "no number in an address");
        }
        everybody.desk.answer(response_of("200 OK", "text/html", ""));
        for topic in
            Topic::ALL.into_iter().filter(|t| entry.can(t.capability(entry.partner_type())))
        {
            let told = partner.ask(&claim, topic, soon()).await;
            assert_eq!(told, Err(NotTold("unreadable_answer")), "{}: {topic:?}", entry.id());
        }
        everybody.desk.came();
    }
    everybody.close().await;
}

#[tokio::test]
async fn a_referral_is_taken_refused_or_not_yet_said_and_names_nobody_in_an_address() {
    let everybody = Everybody::open().await;
    let referral = Referral {
        id: ReferralId(Uuid::from_u128(9)),
        email: "sam@example.org".to_owned().into(),
        name: Some("Sam".to_owned().into()),
    };
    let services: Vec<_> = everybody.catalogue.iter().filter(|e| e.can("referrals")).collect();
    assert_eq!(services.len(), 3);
    for service in services {
        let partner = everybody.caller(service);
        for (bytes, expected) in [
            (response("201 Created", &json!({ "referral_id": "R1" })), "taken R1"),
            (response("200 OK", &json!({ "referral_id": "R1" })), "taken R1"),
            (response("201 Created", &json!({ "referral_id": "" })), "unreadable_answer"),
            (response_of("201 Created", "text/html", ""), "unreadable_answer"),
            (response("422 No", &documented("not_taken")), "refused not_taken"),
            (response("400 No", &documented("invalid_request")), "refused invalid_request"),
            (response_of("422 No", "text/html", ""), "undocumented_answer"),
            (response("409 Wait", &documented("in_progress")), "undocumented_answer"),
            (response("429 Slow", &documented("rate_limited")), "rate_limited"),
            (response("503 No", &documented("not_processed")), "server_error"),
            (response_of("302 There", "text/html", ""), "undocumented_answer"),
            (Vec::new(), "connection_lost"),
        ] {
            everybody.desk.answer(bytes);
            let said = match partner.refer(&referral, soon()).await {
                Referred::Taken { partner_ref } => format!("taken {partner_ref}"),
                Referred::Refused { code } => format!("refused {code}"),
                Referred::NotSaid { why, .. } => why.to_owned(),
            };
            assert_eq!(said, expected, "{}", service.id());
            let came = everybody.desk.came().remove(0);
            assert!(came.line.ends_with("/referrals HTTP/1.1"), "{}", came.line);
            assert!(came.head.contains(&format!("idempotency-key: {}", referral.id)));
            let sent: Value = serde_json::from_str(&came.body).unwrap();
            assert_eq!(sent, json!({ "email": "sam@example.org", "name": "Sam" }));
        }
    }
    everybody.close().await;
}

#[tokio::test]
async fn a_void_is_believed_when_the_partner_says_how_much_and_asked_again_when_it_does_not() {
    let everybody = Everybody::open().await;
    let taken =
        |id: &str, state: &str| json!({ "voucher_id": id, "voided": "7.50", "state": state });
    let firm = |code: &str| json!({ "error": { "code": code, "message": "" } });
    for shop in everybody.catalogue.iter().filter(|entry| entry.can("vouchers")) {
        let product = shop.products().iter().find(|p| p.capability.as_deref() == Some("vouchers"));
        let voucher = VoucherToVoid {
            idempotency_key: Uuid::from_u128(7),
            product: product.unwrap().id.clone(),
            voucher_id: "V1".to_owned(),
        };
        let partner = everybody.caller(shop);
        for (bytes, expected) in [
            (response("200 OK", &taken("V1", "voided")), "taken back 7.50"),
            (response("200 OK", &taken("V2", "voided")), "another_voucher"),
            (response("200 OK", &taken("V1", "active")), "another_voucher"),
            (response_of("200 OK", "text/html", ""), "unreadable_answer"),
            (response("422 No", &firm("window_over")), "refused window_over"),
            (response("404 No", &firm("not_found")), "refused not_found"),
            (response("422 No", &documented("busy")), "undocumented_refusal"),
            (response("403 No", &firm("not_allowed")), "not_let_in"),
            (response("429 Slow", &documented("rate_limited")), "rate_limited"),
            (response("503 No", &documented("not_processed")), "not_processed"),
            (response_of("500 No", "text/html", ""), "server_error"),
            (Vec::new(), "connection_lost"),
        ] {
            everybody.desk.answer(bytes);
            let said = match partner.void(&voucher, soon()).await {
                Voided::TakenBack { amount } => format!("taken back {amount}"),
                Voided::Refused { code } => format!("refused {code}"),
                Voided::NotSaid { why, .. } => why.to_owned(),
            };
            assert_eq!(said, expected, "{}", shop.id());
            let came = everybody.desk.came().remove(0);
            assert!(came.line.starts_with("POST ") && came.line.contains("/vouchers/V1/void"));
            assert!(came.head.contains(&format!("idempotency-key: {}", voucher.idempotency_key)));
            assert!(came.body.is_empty(), "nothing but the wish is sent");
        }
    }
    everybody.close().await;
}
