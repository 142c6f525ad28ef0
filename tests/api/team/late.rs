//! What if a partner gave after all what two people took for not given? And what if one id is named
//! for two rewards?
//!
//! Rows: D4, R2, R6, A1. Cases: C12, C24.

use anchor::access::Role;
use serde_json::{Value, json};

use super::scenes::*;
use crate::support::{TestApp, Who};

async fn both_say(app: &TestApp, scene: &Scene, word: Value) -> u16 {
    assert_eq!(scene.act(app, &helper(), "resolve", word.clone()).await.status, 202);
    scene.act(app, &helper(), "resolve", word).await.status
}

/// The first order was carried out, nobody saw it, and a second one gave the member a voucher.
async fn given_twice(app: &TestApp) -> (Scene, Value) {
    fault(app, ("woolworths", "look_up"), "error_500", 1_000).await;
    app.fault("woolworths", "drop", 1).await;
    let scene = dropped(app).await;
    let first = app.book().await[0].clone();
    assert_eq!(both_say(app, &scene, json!({ "outcome": "not_issued" })).await, 200);
    scene.until(app, "issued").await;
    assert_eq!(live(app).await, 2);
    (scene, first)
}

async fn tell_issued(app: &TestApp, voucher: &Value) {
    let data = json!({ "reference": voucher["reference"], "voucher_id": voucher["partner_ref"] });
    let told = json!({ "partner": "woolworths", "type": "voucher.issued", "data": data });
    app.control("tell", told).await;
}

async fn late_alerts(app: &TestApp) -> usize {
    let answer = app.get(&Who::new(Role::Support), "/api/support/alerts").await;
    let alerts = answer.body["alerts"].as_array().unwrap().clone();
    alerts
        .iter()
        .filter(|alert| alert["kind"] == "late_issue" && alert["resolved_at"].is_null())
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_surfaces_late_is_taken_back_and_costs_nothing() {
    let app = TestApp::start().await;
    let (scene, first) = given_twice(&app).await;
    tell_issued(&app, &first).await;
    app.until("it was taken back", async || scene.count(&app, "LateIssueRecalled").await == 1)
        .await;
    tell_issued(&app, &first).await;
    app.until_idle().await;
    let counted = (
        scene.count(&app, "LateIssueFound").await,
        scene.count(&app, "RecallRequested").await,
        scene.count(&app, "LateIssueLost").await,
        live(&app).await,
    );
    assert_eq!(counted, (1, 1, 0, 1));
    assert_eq!(app.figures("woolworths").await, ["40.00", "0.00", "20.00", "20.00"]);
    let reward = app.reward(&scene.member, "month_1").await.unwrap();
    assert_ne!(reward["distribution_details"]["voucherId"], first["partner_ref"]);
    let reveal = format!("/api/rewards/{}/reveal", scene.id);
    assert_eq!(app.post(&scene.member, &reveal, json!({})).await.status, 200);
    app.until("nothing is left to look at", async || late_alerts(&app).await == 0).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_surfaces_late_and_does_not_come_back_is_a_loss_that_people_see() {
    let app = TestApp::start().await;
    let (scene, first) = given_twice(&app).await;
    fault(&app, ("woolworths", "void"), "error_500", 1).await;
    fault(&app, ("woolworths", "void"), "refuse", 1).await;
    tell_issued(&app, &first).await;
    app.until("no word came", async || scene.count(&app, "RecallOutcomeUnknown").await >= 1).await;
    app.forward(chrono::Duration::seconds(60)).await;
    app.until("it is lost", async || scene.count(&app, "LateIssueLost").await == 1).await;
    app.until_idle().await;
    assert_eq!(scene.count(&app, "LateIssueRecalled").await, 0);
    assert_eq!(app.figures("woolworths").await, ["40.00", "20.00", "0.00", "20.00"]);
    app.until("people see it", async || late_alerts(&app).await == 1).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_of_one_reward_is_not_attested_for_another() {
    let app = TestApp::start().await;
    let (one, other) = (Who::member(), Who::member());
    for (member, number) in [(&one, "1234567890"), (&other, "1234567899")] {
        app.linked(member, "agl", number).await;
    }
    app.set_out(&one, 90).await;
    app.until_reward(&one, "month_3", "redeemed").await;
    let credit = app.credits().await[0]["partner_ref"].clone();
    fault(&app, ("agl", "look_up"), "error_500", 1_000).await;
    app.fault("agl", "error_500", 1).await;
    app.set_out(&other, 90).await;
    let scene = of_milestone(&app, other, "month_3", "IssuanceOutcomeUnknown").await;
    let word = json!({ "outcome": "issued", "partner_ref": credit });
    let head = app.head().await;
    let refused = scene.act(&app, &helper(), "resolve", word).await;
    assert_eq!((refused.status, refused.code()), (409, "given_before"), "{refused:?}");
    assert!(!app.events_since(head).await.iter().any(|name| name.starts_with("Attest")));
    let own = json!({ "outcome": "issued", "partner_ref": "AG-BY-HAND" });
    assert_eq!(both_say(&app, &scene, own).await, 200);
    scene.until(&app, "issued").await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reward_that_was_held_back_goes_on_once_somebody_has_looked() {
    let app = TestApp::start().await;
    let member = Who::member();
    assert_eq!(app.set_out(&member, 450).await.status, 200);
    let scene = of_milestone(&app, member, "month_1", "RewardHeld").await;
    let seen = scene.seen(&app).await;
    assert_eq!((&seen["status"], &scene.attempt_id), (&json!("on_review"), &json!(null)));
    let looked = scene.act(&app, &helper(), "retry", json!({})).await;
    assert_eq!((looked.status, &looked.body["result"]), (200, &json!("goes_on")), "{looked:?}");
    let again = scene.act(&app, &helper(), "retry", json!({})).await;
    assert!(["already_done", "wrong_attempt"].contains(&again.code()), "{again:?}");
    scene.until(&app, "issued").await;
    assert_eq!(scene.count(&app, "VoucherIssued").await, 1);
    app.finish().await;
}
