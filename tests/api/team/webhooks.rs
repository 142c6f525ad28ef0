//! What becomes of webhooks that could not be applied? Listed, tried again or left, once each time.
//!
//! Rows: W6, R6, C4.

use futures::future::join;
use serde_json::{Value, json};
use uuid::Uuid;

use super::scenes::*;
use crate::edge::coverage::assert_problem;
use crate::support::{Answer, TestApp, Webhook};

fn unknown_kind(app: &TestApp) -> Webhook {
    let body = json!({ "type": "lottery.won", "timestamp": "2026-11-24T03:00:00Z",
                       "data": { "who": "hunter2" } });
    Webhook::new("woolworths", &app.webhook_secret("woolworths"), body.to_string())
}

async fn parked(app: &TestApp) -> Vec<Value> {
    listed(app, "?state=parked").await
}

async fn listed(app: &TestApp, query: &str) -> Vec<Value> {
    let answer = app.get(&helper(), &format!("/api/support/webhooks{query}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(!answer.body.to_string().contains("hunter2"), "never the body");
    answer.body["webhooks"].as_array().unwrap().clone()
}

async fn set_aside(app: &TestApp) -> String {
    let webhook = unknown_kind(app);
    assert_eq!(webhook.send(app).await.status, 202);
    let id = format!("woolworths:{}", webhook.id);
    until_parked(app, &id, 1).await;
    id
}

async fn until_parked(app: &TestApp, id: &str, time: u32) {
    let attempt = format!("{id}/{time}");
    app.until("it is set aside", async || {
        parked(app).await.iter().any(|webhook| webhook["attempt_id"] == attempt)
    })
    .await;
}

async fn decide(app: &TestApp, id: &str, action: &str, more: Value) -> Answer {
    let mut body = json!({ "reason": "Their engineer asked us to." });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    let address = if action == "retry" { "/retry" } else { "/dismiss" };
    app.post(&helper(), &format!("/api/support/webhooks/{id}{address}"), body).await
}

async fn kept(app: &TestApp) -> Vec<(String, i32, Uuid)> {
    sqlx::query_as("SELECT action, parking, person FROM webhook_actions ORDER BY at")
        .fetch_all(&app.pool)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_still_cannot_be_applied_is_set_aside_again_and_can_be_left() {
    let app = TestApp::start().await;
    let id = set_aside(&app).await;
    let webhook = parked(&app).await.remove(0);
    assert_eq!((&webhook["id"], &webhook["kind"]), (&json!(id), &json!("lottery.won")));
    assert_eq!((&webhook["reason"], &webhook["attempts"]), (&json!("unknown_kind"), &json!(1)));
    let first = decide(&app, &id, "retry", json!({})).await;
    assert_eq!((first.status, &first.body["action"]), (200, &json!("retry")), "{first:?}");
    until_parked(&app, &id, 2).await;
    for action in ["retry", "dismiss"] {
        let again = decide(&app, &id, action, json!({})).await;
        assert_eq!((again.status, again.code()), (409, "already_done"), "{again:?}");
        assert_eq!(again.body["first"], first.body);
    }
    let wrong = decide(&app, &id, "retry", json!({ "attempt_id": format!("{id}/3") })).await;
    assert_eq!((wrong.status, wrong.code()), (409, "wrong_attempt"), "{wrong:?}");
    assert_eq!(wrong.body["present_attempt_id"], format!("{id}/2"));
    let second = json!({ "attempt_id": format!("{id}/2") });
    let left = decide(&app, &id, "dismiss", second.clone()).await;
    assert_eq!((left.status, &left.body["action"]), (200, &json!("dismiss")), "{left:?}");
    let again = decide(&app, &id, "dismiss", second).await;
    assert_eq!((again.code(), &again.body["first"]), ("already_done", &left.body));
    assert!(parked(&app).await.is_empty());
    assert_eq!(listed(&app, "?state=dismissed").await[0]["id"], json!(id));
    assert_eq!(kept(&app).await.len(), 2);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_at_once_decide_once() {
    let app = TestApp::start().await;
    for action in ["retry", "dismiss"] {
        let id = set_aside(&app).await;
        let before = kept(&app).await.len();
        let (a, b) =
            join(decide(&app, &id, action, json!({})), decide(&app, &id, action, json!({}))).await;
        let (first, second) = if a.status == 409 { (b, a) } else { (a, b) };
        assert_eq!((first.status, second.code()), (200, "already_done"), "{first:?} {second:?}");
        assert_eq!(second.body["first"], first.body);
        assert_eq!(kept(&app).await.len(), before + 1);
        if action == "retry" {
            until_parked(&app, &id, 2).await;
            let second = json!({ "attempt_id": format!("{id}/2") });
            assert_eq!(decide(&app, &id, "dismiss", second).await.status, 200);
        }
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fits_by_now_is_applied_and_pages_go_on_where_they_ended() {
    let app = TestApp::start().await;
    let scene = issued(&app).await;
    let voucher = app.reward(&scene.member, "month_1").await.unwrap();
    let voucher = voucher["distribution_details"]["voucherId"].clone();
    let more = json!({ "type": "voucher.redeemed", "timestamp": "2026-11-24T03:00:00Z", "data": {
        "voucher_id": voucher, "redemption_id": "R1", "amount": "25.00", "remaining": "0.00",
        "redeemed_at": anchor::clock::real_now() }});
    assert_eq!(app.webhook("woolworths", &more).await.status, 202);
    app.until("it is set aside", async || parked(&app).await.len() == 1).await;
    let (two, three) = (set_aside(&app).await, set_aside(&app).await);
    let page = app.get(&helper(), "/api/support/webhooks?limit=2").await.body;
    assert_eq!(page["webhooks"].as_array().unwrap().len(), 2);
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = listed(&app, &format!("?limit=2&cursor={cursor}")).await;
    assert_eq!((rest.len(), &rest[0]["id"]), (1, &json!(three)));
    let first = page["webhooks"][0]["id"].as_str().unwrap().to_owned();
    for id in [&first, &two, &three] {
        assert_eq!(decide(&app, id, "dismiss", json!({})).await.status, 200);
    }
    let unknown = decide(&app, "woolworths:nobody", "retry", json!({})).await;
    assert_problem(&unknown, 404, "an unknown webhook");
    let silent = decide(&app, &first, "retry", json!({ "reason": "" })).await;
    assert_eq!((silent.status, &silent.body["field"]), (422, &json!("reason")));
    app.finish().await;
}
