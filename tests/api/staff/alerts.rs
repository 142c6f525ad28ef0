//! Is what people should look at raised once, acknowledged once, and gone when it is mended?
//!
//! Rows: W4, W6, D3.

use anchor::access::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{TestApp, Who};

async fn alerts(app: &TestApp, state: &str) -> Vec<Value> {
    let path = format!("/api/support/alerts?state={state}&limit=200");
    let answer = app.get(&Who::new(Role::Support), &path).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["alerts"].as_array().unwrap().clone()
}

/// Waits until an alert of this kind stands so, and gives it.
pub async fn until_alert(app: &TestApp, state: &str, kind: &str) -> Value {
    let mut found = Value::Null;
    app.until(&format!("{kind} is {state}"), async || {
        let all = alerts(app, state).await;
        found = all.into_iter().find(|alert| alert["kind"] == kind).unwrap_or_default();
        found.is_object()
    })
    .await;
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn repeated_bad_signatures_are_an_alert_that_is_acknowledged_once() {
    let app = TestApp::start().await;
    for _ in 0..6 {
        let url = format!("{}/api/webhooks/coles", app.base);
        let forged = app.http.post(url).header("webhook-id", "msg_1").body("{}");
        assert_eq!(forged.send().await.unwrap().status(), 401);
    }
    let alert = until_alert(&app, "open", "bad_signatures").await;
    assert_eq!(alert["subject"], "coles", "who knocks decides nothing about how many there are");
    assert!(alert["to_do"].as_str().unwrap().contains("secret"), "{alert}");
    let listed = app.get(&Who::new(Role::Support), "/api/support/security-events").await;
    let events = listed.body["security_events"].as_array().unwrap();
    assert!(events.iter().all(|event| event["partner_id"] == "coles"), "{events:?}");
    assert!(!events.is_empty());

    let path = format!("/api/support/alerts/{}/acknowledge", alert["id"].as_str().unwrap());
    let (worker, other) = (Who::new(Role::Support), Who::new(Role::Support));
    let empty = app.post(&worker, &path, json!({ "reason": "  " })).await;
    assert_eq!(empty.code(), "invalid_field", "{empty:?}");
    let seen = json!({ "reason": "I have written to them" });
    let (one, two) = tokio::join!(
        app.post(&worker, &path, seen.clone()),
        app.post(&other, &path, seen.clone())
    );
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{one:?} {two:?}");
    let again = app.post(&worker, &path, seen.clone()).await;
    assert_eq!(again.code(), "already_done");
    assert_eq!(again.body["first"]["reason"], "I have written to them", "{again:?}");
    assert_eq!(alerts(&app, "acknowledged").await.len(), 1);
    let nobody = format!("/api/support/alerts/{}/acknowledge", Uuid::now_v7());
    assert_eq!(app.post(&worker, &nobody, seen).await.status, 404);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_reward_and_a_parked_webhook_are_alerts_until_they_are_mended() {
    let app = TestApp::start().await;
    for partner in ["woolworths", "coles"] {
        app.fault(partner, "refuse", 10).await;
    }
    let member = Who::member();
    app.set_out(&member, 30).await;
    app.until_reward(&member, "month_1", "failed").await;
    let alert = until_alert(&app, "open", "reward_failed").await;
    assert!(alert["summary"].as_str().unwrap().contains("20.00 AUD"), "{alert}");
    let told = json!({ "partner": "aldi", "type": "gift.wrapped", "data": { "gift": 1 } });
    app.control("tell", told).await;
    let parked = until_alert(&app, "open", "webhooks_parked").await;
    assert_eq!(parked["subject"], "aldi");
    sqlx::query("UPDATE inbox SET state = 'done' WHERE partner_id = 'aldi'")
        .execute(&app.pool)
        .await
        .unwrap();
    let mended = until_alert(&app, "resolved", "webhooks_parked").await;
    assert_eq!(mended["id"], parked["id"]);
    assert!(mended["resolved_at"].is_string(), "{mended}");
    let open = alerts(&app, "open").await;
    assert_eq!(open.len(), 1, "{open:?}");
    app.finish().await;
}
