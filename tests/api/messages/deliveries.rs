//! What if a receiver fails, sleeps, sends us elsewhere, or is no more? Tried again by the table,
//! under the same id; shown to whoever looks after it.
//!
//! Rows: U4, Q2, Q4. Threats: T23.

use std::time::Duration as StdDuration;

use anchor::access::Role;
use anchor::messages::deliveries::{LONGEST_ASKED_FOR, WAITS};
use chrono::{DateTime, Duration, Utc};
use reqwest::Method;
use serde_json::{Value, json};

use super::endpoints::{alert, entered};
use super::{Receiver, Says};
use crate::edge::coverage::assert_problem;
use crate::support::{TestApp, Who};

async fn listed(app: &TestApp, endpoint: &str) -> Vec<Value> {
    let path = format!("/api/outgoing-webhooks/{endpoint}/deliveries");
    let answer = app.get(&Who::new(Role::Admin), &path).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["deliveries"].as_array().unwrap().clone()
}

/// Waits until the endpoint's one delivery stands so after so many tries.
async fn until_tried(app: &TestApp, endpoint: &str, (state, tries): (&str, usize)) -> Value {
    app.until(&format!("{state} after {tries}"), async || {
        let all = listed(app, endpoint).await;
        all.len() == 1
            && all[0]["state"] == state
            && all[0]["attempts"] == tries
            && (all[0]["last_status"].is_number() || all[0]["last_error"].is_string())
            && !is_under_way(app).await
    })
    .await;
    listed(app, endpoint).await[0].clone()
}

/// A claimed one is due when its lease runs out, and its step has not moved.
async fn is_under_way(app: &TestApp) -> bool {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM outgoing_deliveries
                         WHERE state = 'waiting' AND attempts > step AND step > 0)",
    )
    .fetch_one(&app.pool)
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_fails_is_tried_by_the_table_then_given_up_and_sent_again_by_hand() {
    let app = TestApp::start().await;
    let admin = Who::new(Role::Admin);
    let receiver = Receiver::start().await;
    let (endpoint, _) = entered(&app, &receiver, &["alert.raised"]).await;
    receiver.will_say(&[Says::Status(500); 8]);
    alert(&app, "one", "anybody").await;
    for (tries, wait) in (1..).zip(WAITS) {
        let tried = until_tried(&app, &endpoint, ("waiting", tries)).await;
        assert_eq!(tried["last_status"], 500, "{tried}");
        assert!(tried["next_try_at"].is_string(), "{tried}");
        // Up to a fifth longer.
        app.forward(Duration::seconds(wait + wait / 5 + 1)).await;
    }
    let failed = until_tried(&app, &endpoint, ("failed", 8)).await;
    assert!(failed["settled_at"].is_string() && failed["next_try_at"].is_null(), "{failed}");
    app.forward(Duration::days(2)).await;
    app.until_idle().await;
    assert_eq!(receiver.came().len(), 8);
    let id = failed["id"].as_str().unwrap();
    let again = format!("/api/outgoing-webhooks/deliveries/{id}/resend");
    let answer = app.post(&admin, &again, json!({})).await;
    assert_eq!((answer.status, &answer.body["state"]), (202, &json!("waiting")), "{answer:?}");
    let delivered = until_tried(&app, &endpoint, ("delivered", 9)).await;
    assert_eq!(delivered["last_status"], 204);
    let came = receiver.came();
    assert!(came.iter().all(|each| each.id == id), "one id through all tries");
    assert!(came.iter().all(|each| each.body == came[0].body), "and the same bytes");
    let nobody = uuid::Uuid::now_v7();
    let path = format!("/api/outgoing-webhooks/deliveries/{nobody}/resend");
    assert_problem(&app.post(&admin, &path, json!({})).await, 404, "no such delivery");
    app.finish().await;
    receiver.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_not_followed_and_a_slow_answer_is_not_waited_for() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let (endpoint, _) = entered(&app, &receiver, &["alert.raised"]).await;
    receiver.will_say(&[Says::Elsewhere, Says::NothingFor(StdDuration::from_secs(30))]);
    alert(&app, "one", "anybody").await;
    let tried = until_tried(&app, &endpoint, ("waiting", 1)).await;
    assert_eq!(tried["last_status"], 302, "{tried}");
    app.forward(Duration::seconds(WAITS[0] * 2)).await;
    let tried = until_tried(&app, &endpoint, ("waiting", 2)).await;
    assert_eq!((&tried["last_error"], &tried["last_status"]), (&json!("timed_out"), &json!(null)));
    app.forward(Duration::seconds(WAITS[1] * 2)).await;
    until_tried(&app, &endpoint, ("delivered", 3)).await;
    assert!(receiver.came().iter().all(|came| came.path == "/notices"), "nobody went elsewhere");
    app.finish().await;
    receiver.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_gone_is_told_nothing_more_until_it_is_entered_anew() {
    let app = TestApp::start().await;
    let admin = Who::new(Role::Admin);
    let receiver = Receiver::start().await;
    let (endpoint, _) = entered(&app, &receiver, &["alert.raised"]).await;
    receiver.will_say(&[Says::Status(410)]);
    alert(&app, "one", "anybody").await;
    app.until("it has ended", async || {
        listed(&app, &endpoint).await.first().is_some_and(|one| one["state"] == "ended")
    })
    .await;
    let ended = listed(&app, &endpoint).await[0].clone();
    assert_eq!((&ended["last_status"], &ended["attempts"]), (&json!(410), &json!(1)));
    let all = app.get(&admin, "/api/outgoing-webhooks").await;
    assert_eq!(all.body["outgoing_webhooks"][0]["state"], "gone");
    alert(&app, "two", "anybody").await;
    let id = ended["id"].as_str().unwrap();
    let again = format!("/api/outgoing-webhooks/deliveries/{id}/resend");
    let refused = app.post(&admin, &again, json!({})).await;
    assert_problem(&refused, 409, "gone");
    assert_eq!(refused.code(), "endpoint_gone");
    let path = format!("/api/outgoing-webhooks/{endpoint}");
    assert_eq!(app.ask(&admin, Method::DELETE, &path, None).await.status, 200);
    entered(&app, &receiver, &["alert.raised"]).await;
    alert(&app, "three", "anybody").await;
    app.until("it is told again", async || receiver.came().len() == 2).await;
    app.finish().await;
    receiver.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_come_in_pages_and_are_forgotten_after_a_month() {
    let app = TestApp::start().await;
    let admin = Who::new(Role::Admin);
    let receiver = Receiver::start().await;
    let (endpoint, _) = entered(&app, &receiver, &["alert.raised"]).await;
    for n in 0..5 {
        alert(&app, &format!("cause {n}"), &format!("{n}")).await;
    }
    app.until("all came", async || receiver.came().len() == 5).await;
    let path = format!("/api/outgoing-webhooks/{endpoint}/deliveries?limit=2");
    let (mut seen, mut next) = (Vec::new(), Some(path.clone()));
    while let Some(page) = next {
        let answer = app.get(&admin, &page).await;
        let deliveries = answer.body["deliveries"].as_array().unwrap();
        assert!(deliveries.len() <= 2, "{answer:?}");
        seen.extend(deliveries.iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        next = answer.body["next_cursor"].as_str().map(|mark| format!("{path}&cursor={mark}"));
    }
    let mut came: Vec<String> = receiver.came().into_iter().map(|came| came.id).collect();
    came.sort();
    seen.sort();
    assert_eq!(seen, came);
    assert_problem(&app.get(&admin, &format!("{path}&cursor=x")).await, 400, "a mark of nobody's");
    app.forward(Duration::days(31)).await;
    assert_eq!(anchor::messages::deliveries::forget_old(&app.pool).await.unwrap(), 5);
    assert!(listed(&app, &endpoint).await.is_empty());
    app.finish().await;
    receiver.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_asks_for_time_is_given_it_up_to_a_day() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let (endpoint, _) = entered(&app, &receiver, &["alert.raised"]).await;
    let words = ["600", "9999999", "Tue, 01 Jan 2199 00:00:00 GMT", "soon"];
    receiver.will_say(&words.map(Says::NotBefore));
    alert(&app, "one", "anybody").await;
    let at_least = [600, LONGEST_ASKED_FOR, LONGEST_ASKED_FOR, WAITS[3]];
    for ((tries, wait), said) in (1..).zip(at_least).zip(words) {
        let tried = until_tried(&app, &endpoint, ("waiting", tries)).await;
        let next: DateTime<Utc> = tried["next_try_at"].as_str().unwrap().parse().unwrap();
        let now: DateTime<Utc> =
            sqlx::query_scalar("SELECT ledger_now()").fetch_one(&app.pool).await.unwrap();
        let seconds = (next - now).num_seconds();
        // The test itself takes some of it; up to a fifth is by chance.
        assert!(seconds > wait * 4 / 5 && seconds <= wait * 6 / 5, "{said}: {seconds}");
        app.forward(Duration::seconds(wait * 6 / 5 + 1)).await;
    }
    until_tried(&app, &endpoint, ("delivered", 5)).await;
    app.finish().await;
    receiver.stop().await;
}
