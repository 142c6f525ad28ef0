//! What does a journey bring, without anyone asking? At once, at midnight, after a restart, and
//! after Anchor was away.
//!
//! Rows: M1, M2, M3, M4, R2, U5.

use anchor::access::Role;
use chrono::Duration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{TestApp, Who};

async fn milestones(app: &TestApp, member: &Who) -> Vec<Value> {
    let rewards = app.get(member, "/api/rewards").await;
    let rewards = rewards.body["rewards"].as_array().unwrap();
    rewards.iter().map(|reward| reward["milestone_id"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_thirtieth_day_brings_a_reward_by_itself() {
    let app = TestApp::start().await;
    let member = Who::member();
    app.set_out(&member, 29).await;
    app.until_idle().await;
    assert_eq!(milestones(&app, &member).await, Vec::<Value>::new());
    app.forward(Duration::days(1)).await;
    let reward = app.until_reward(&member, "month_1", "issued").await;
    assert_eq!(reward["partner_used"], "woolworths");
    let progress = app.get(&member, "/api/progress").await;
    assert_eq!(progress.body["clean_days"], 30);
    assert_eq!(progress.body["next_milestone"]["milestone_id"], "month_3");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_reached_while_anchor_was_away_is_caught_up_on() {
    let mut app = TestApp::start().await;
    let member = Who::member();
    app.set_out(&member, 20).await;
    app.until_idle().await;
    app.forward(Duration::days(9)).await;
    app.restart().await;
    app.forward(Duration::days(15)).await;
    app.until_reward(&member, "month_1", "issued").await;
    app.until_idle().await;
    assert_eq!(milestones(&app, &member).await, ["month_1"]);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_and_a_start_change_nothing_and_lose_nothing() {
    let mut app = TestApp::start().await;
    let member = Who::member();
    app.set_out(&member, 30).await;
    let before = app.until_reward(&member, "month_1", "issued").await;
    app.until_idle().await;
    let head = app.head().await;
    app.restart().await;
    app.until_idle().await;
    app.assert_nothing_since(head).await;
    let after = app.until_reward(&member, "month_1", "issued").await;
    assert_eq!(after, before);
    app.redeem(&after, "20.00").await;
    app.until_reward(&member, "month_1", "redeemed").await;
    assert_eq!(app.book().await.len(), 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_begins_again_keeps_what_was_earned_and_goes_on_from_there() {
    let app = TestApp::start().await;
    let (member, service) = (Who::member(), Who::new(Role::Service));
    app.set_out(&member, 40).await;
    app.until_reward(&member, "month_1", "issued").await;
    let today = app.today().await;
    let path = format!("/api/members/{}/journey/restart", member.sub);
    let restarted = app.post(&service, &path, json!({ "on": today })).await;
    assert_eq!(restarted.status, 200, "{restarted:?}");
    app.until("days are counted anew", async || {
        app.get(&member, "/api/progress").await.body["clean_days"] == 0
    })
    .await;
    let again = app.post(&service, &path, json!({ "on": today })).await;
    assert_eq!((again.status, &again.body["recorded"]), (200, &json!(false)));

    app.forward(Duration::days(90)).await;
    app.until_reward(&member, "month_3", "awaiting_account").await;
    assert_eq!(milestones(&app, &member).await.len(), 2, "the first month is given once");
    assert_eq!(app.book().await.len(), 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_takes_nothing_back() {
    let app = TestApp::start().await;
    let (member, service) = (Who::member(), Who::new(Role::Service));
    let first = app.set_out(&member, 31).await;
    app.until_reward(&member, "month_1", "issued").await;
    let started_on: chrono::NaiveDate =
        first.body["started_on"].as_str().unwrap().parse().unwrap();
    let later = json!({
        "started_on": (started_on + Duration::days(10)).to_string(),
        "time_zone": "Australia/Sydney",
        "reason": "the first day was entered wrongly",
    });
    let path = format!("/api/members/{}/journey", member.sub);
    let corrected = app.ask(&service, Method::PUT, &path, Some(later)).await;
    assert_eq!((corrected.status, &corrected.body["clean_days"]), (200, &json!(21)));
    app.forward(Duration::days(20)).await;
    app.until_idle().await;
    assert_eq!(milestones(&app, &member).await, ["month_1"], "once, and not again");
    app.finish().await;
}
