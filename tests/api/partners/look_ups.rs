//! Does a partner answer what it can be asked about an account, to its owner alone, and is
//! everything else told apart?
//!
//! Rows: P2, P3, P4, C1.

use serde_json::json;

use super::number_at;
use crate::edge::coverage::assert_problem;
use crate::support::{PARTNERS, TestApp, Who};

/// The address, the capability it needs, and the field that holds the answer.
const TOPICS: [(&str, &[&str], &str); 6] = [
    ("/balance", &["balance_check", "account_balance"], "balance"),
    ("/transactions", &["transaction_history"], "transactions"),
    ("/bills", &["billing_history"], "bills"),
    ("/credits", &["credit_history"], "credits"),
    ("/trips", &["travel_history"], "trips"),
    ("/top-ups", &["top_up_history"], "top_ups"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_capability_is_answered_and_every_other_question_is_a_conflict() {
    let app = TestApp::start().await;
    let mut answered = 0;
    for partner in PARTNERS {
        let member = Who::member();
        let about = app.get(&member, &format!("/api/partners/{partner}")).await.body;
        let can: Vec<&str> = about["capabilities"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| c.as_str().unwrap())
            .collect();
        let Some(number) = number_at(partner) else {
            app.agree(&member, "link", partner, true).await;
            let refused = app.link(&member, partner, ("1234567890", "ABC123")).await;
            assert_eq!(refused.code(), "capability_not_supported", "{partner}");
            continue;
        };
        let account = app.linked(&member, partner, number).await;
        app.agree(&member, "look_up", partner, true).await;
        for (topic, needed, field) in TOPICS {
            let path = format!("/api/accounts/{}{topic}", account["id"].as_str().unwrap());
            let told = app.get(&member, &path).await;
            if needed.iter().any(|one| can.contains(one)) {
                assert_eq!(told.status, 200, "{partner}{topic}: {told:?}");
                assert!(!told.body[field].is_null(), "{partner}{topic}: {told:?}");
                assert_eq!(told.body["partner_id"], partner);
                answered += 1;
            } else {
                assert_problem(&told, 409, topic);
                assert_eq!(told.code(), "capability_not_supported", "{partner}{topic}");
            }
        }
    }
    assert_eq!(answered, 5 * 2 + 5 * 3 + 2 * 3);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_needs_consent_a_verified_account_and_its_owner() {
    let app = TestApp::start().await;
    let (member, other) = (Who::member(), Who::member());
    let account = app.linked(&member, "agl", "1234567890").await;
    let path = format!("/api/accounts/{}/balance", account["id"].as_str().unwrap());
    assert_eq!(app.get(&member, &path).await.code(), "consent_required");
    assert_problem(&app.get(&other, &path).await, 404, "somebody else's");
    app.agree(&member, "look_up", "agl", true).await;
    let told = app.get(&member, &path).await;
    assert_eq!(told.body["standing"], "owed", "{told:?}");
    assert!(told.body["balance"].is_string(), "{told:?}");

    let faults = json!([{ "kind": "error_500", "times": 1 }]);
    app.control("faults", json!({ "partner": "agl", "operation": "ask", "faults": faults })).await;
    let silent = app.get(&member, &path).await;
    assert_problem(&silent, 503, "the partner is silent");
    assert_eq!(silent.code(), "partner_not_answering");
    assert!(silent.headers.contains_key("retry-after"));

    app.agree(&member, "look_up", "agl", false).await;
    assert_eq!(app.get(&member, &path).await.code(), "consent_required");
    app.ask(&member, reqwest::Method::DELETE, "/api/partners/agl/link", None).await;
    app.until_account(&member, "agl", "unlinked").await;
    assert_eq!(app.get(&member, &path).await.code(), "account_not_verified");
    app.finish().await;
}
