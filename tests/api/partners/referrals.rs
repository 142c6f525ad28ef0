//! Is a member put in touch with a support service once, with consent, and told how it stands?
//!
//! Rows: P5, C1, C4.

use anchor::access::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::edge::coverage::assert_problem;
use crate::support::{Answer, TestApp, Who};

const SERVICE: &str = "gambling-help";
const EMAIL: &str = "sam.referred@example.org";

async fn refer(app: &TestApp, member: &Who, service: &str) -> Answer {
    app.post(member, &format!("/api/support-services/{service}/referral"), json!({})).await
}

async fn reachable(app: &TestApp, member: &Who) {
    reachable_at(app, member, EMAIL).await;
}

async fn reachable_at(app: &TestApp, member: &Who, email: &str) {
    let path = format!("/api/members/{}/contact", member.sub);
    let contact = json!({ "email": email, "name": "Sam" });
    let service = Who::new(Role::Service);
    let answer = app.ask(&service, Method::PUT, &path, Some(contact)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// What the services have been told.
async fn told(app: &TestApp) -> Vec<Value> {
    let book = app.http.get(format!("{}/control/book", app.sandbox_url)).send().await.unwrap();
    let book: Value = book.json().await.unwrap();
    book["referrals"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_referral_needs_consent_and_an_address_and_is_passed_on_once() {
    let app = TestApp::start_beside(SERVICE).await;
    app.until_idle().await;
    let member = Who::member();
    let asked = refer(&app, &member, SERVICE).await;
    assert_problem(&asked, 409, "not agreed");
    assert_eq!(asked.code(), "consent_required");
    assert_eq!(asked.body["purpose"], "referral");
    assert!(asked.body["text"].as_str().unwrap().contains("Gambling Help"), "{asked:?}");
    app.agree(&member, "referral", SERVICE, true).await;
    let unreachable = refer(&app, &member, SERVICE).await;
    assert_problem(&unreachable, 409, "no address");
    assert_eq!(unreachable.code(), "contact_needed");
    assert_eq!(told(&app).await, Vec::<Value>::new(), "nobody was told anything so far");

    reachable(&app, &member).await;
    let both = futures::future::join(refer(&app, &member, SERVICE), refer(&app, &member, SERVICE));
    let (first, second) = both.await;
    for answer in [first, second, refer(&app, &member, SERVICE).await] {
        assert_eq!((answer.status, &answer.body["success"]), (200, &json!(true)), "{answer:?}");
        assert_eq!(answer.body["partnerId"], SERVICE);
    }
    let expected = json!({
        "partner": SERVICE, "referral_id": "R1", "email": EMAIL, "name": "Sam",
    });
    assert_eq!(told(&app).await, [expected], "once, and nothing else of them");
    let path = format!("/api/activity?member={}", member.sub);
    app.until_idle().await;
    let record = app.get(&Who::new(Role::Support), &path).await.body;
    for name in ["ConsentGiven", "ReferralRequested", "ReferralTaken"] {
        assert!(record.to_string().contains(name), "{name}: {record}");
    }
    assert!(!record.to_string().contains(EMAIL), "no address in clear: {record}");

    app.agree(&member, "referral", SERVICE, false).await;
    assert_eq!(refer(&app, &member, SERVICE).await.code(), "consent_required");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_asked_for_again_and_a_refusal_is_told() {
    let app = TestApp::start_beside(SERVICE).await;
    app.until_idle().await;
    let member = Who::member();
    reachable(&app, &member).await;
    app.agree(&member, "referral", SERVICE, true).await;
    for kind in ["drop", "error_500", "rate_limit"] {
        let faults = json!([{ "kind": kind, "times": 1 }]);
        let fault = json!({ "partner": SERVICE, "operation": "refer", "faults": faults });
        app.control("faults", fault).await;
        let silent = refer(&app, &member, SERVICE).await;
        assert_problem(&silent, 503, kind);
        assert_eq!(silent.code(), "partner_not_answering", "{kind}");
    }
    app.until("it is taken", async || refer(&app, &member, SERVICE).await.status == 200).await;
    assert_eq!(told(&app).await.len(), 1, "the dropped one had been taken");

    let other = Who::member();
    reachable(&app, &other).await;
    app.agree(&other, "referral", SERVICE, true).await;
    let faults = json!([{ "kind": "refuse", "times": 1 }]);
    app.control("faults", json!({ "partner": SERVICE, "operation": "refer", "faults": faults }))
        .await;
    let refused = refer(&app, &other, SERVICE).await;
    assert_problem(&refused, 409, "they take nobody at the moment");
    assert_eq!(refused.code(), "referral_not_taken");
    assert_eq!(refer(&app, &other, SERVICE).await.status, 200, "asked again, they do");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_moved_is_reached_at_the_new_address_also_after_a_lost_answer() {
    let app = TestApp::start_beside(SERVICE).await;
    let member = Who::member();
    reachable(&app, &member).await;
    app.agree(&member, "referral", SERVICE, true).await;
    let faults = json!([{ "kind": "drop", "times": 1 }]);
    app.control("faults", json!({ "partner": SERVICE, "operation": "refer", "faults": faults }))
        .await;
    assert_eq!(refer(&app, &member, SERVICE).await.code(), "partner_not_answering");
    reachable_at(&app, &member, "sam.moved@example.org").await;
    assert_eq!(refer(&app, &member, SERVICE).await.status, 200);
    let addresses: Vec<Value> = told(&app).await.iter().map(|one| one["email"].clone()).collect();
    assert_eq!(addresses.len(), 2, "{addresses:?}");
    assert!(addresses.contains(&json!("sam.moved@example.org")), "{addresses:?}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_cannot_be_called_any_more_leaves_nothing_on_record() {
    let mut app = TestApp::start_beside(SERVICE).await;
    let member = Who::member();
    reachable(&app, &member).await;
    app.agree(&member, "referral", SERVICE, true).await;
    app.variables.retain(|name, _| !name.starts_with("GAMBLING_HELP_"));
    app.restart().await;
    app.until_idle().await;
    let head = app.head().await;
    let refused = refer(&app, &member, SERVICE).await;
    assert_problem(&refused, 409, "its settings are gone");
    assert_eq!(refused.code(), "partner_unavailable");
    app.assert_nothing_since(head).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_takes_none_or_is_not_set_up_says_so() {
    let app = TestApp::start().await;
    app.until_idle().await;
    let member = Who::member();
    reachable(&app, &member).await;
    let none = refer(&app, &member, "lifeline").await;
    assert_problem(&none, 409, "a help line is called");
    assert_eq!(none.code(), "capability_not_supported");
    assert_problem(&refer(&app, &member, "nobody").await, 404, "nobody");
    app.agree(&member, "referral", SERVICE, true).await;
    assert_eq!(refer(&app, &member, SERVICE).await.code(), "partner_unavailable");
    app.finish().await;
}
