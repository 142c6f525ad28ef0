//! Does a credit go to the verified account by itself, arrive, and come back to the member when it
//! does not?
//!
//! Rows: P3, P4, R4, W1, W5, A1, M3.

use chrono::Duration;
use serde_json::{Value, json};

use crate::support::{TestApp, Who};

fn state(reward: &Value) -> &Value {
    &reward["distribution_details"]["state"]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_bill_credit_goes_on_by_itself_once_an_account_is_verified() {
    let app = TestApp::start().await;
    let member = Who::member();
    app.set_out(&member, 90).await;
    let waits = app.until_reward(&member, "month_3", "awaiting_account").await;
    assert!(waits["message"].as_str().unwrap().contains("Link an account"), "{waits}");
    app.linked(&member, "agl", "1234567890").await;
    let reward = app.until_reward(&member, "month_3", "redeemed").await;
    assert_eq!((&reward["partner_used"], state(&reward)), (&json!("agl"), &json!("on_bill")));
    let details = &reward["distribution_details"];
    assert_eq!(details["accountMasked"], "••••••7890", "{details}");
    for name in ["creditId", "reference", "appliedAt"] {
        assert!(details[name].is_string(), "{name}: {details}");
    }
    let credits = app.credits().await;
    assert_eq!(credits.len(), 1);
    assert_eq!(
        (&credits[0]["amount"], &credits[0]["state"]),
        (&json!("50.00"), &json!("on_bill"))
    );
    assert_eq!(credits[0]["partner_ref"], details["creditId"]);
    assert_eq!(app.figures("agl").await, ["50.00", "50.00", "0.00", "0.00"]);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_top_up_waits_for_a_tap_and_is_then_on_the_card() {
    let app = TestApp::start().await;
    let member = Who::member();
    app.linked(&member, "opal", "3085 2200 1234 5670").await;
    app.set_out(&member, 180).await;
    let mut reward = app.until_reward(&member, "month_6", "issued").await;
    app.until("it waits for a tap", async || {
        reward = app.reward(&member, "month_6").await.unwrap();
        state(&reward) == "awaiting_tap"
    })
    .await;
    assert_eq!(app.figures("opal").await, ["100.00", "0.00", "0.00", "100.00"]);
    let credit = &reward["distribution_details"]["creditId"];
    app.control("tap", json!({ "partner": "opal", "partner_ref": credit })).await;
    let reward = app.until_reward(&member, "month_6", "redeemed").await;
    assert_eq!(state(&reward), "loaded");
    assert_eq!(app.figures("opal").await, ["100.00", "100.00", "0.00", "0.00"]);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_top_up_that_is_not_collected_comes_back_and_waits_for_another_card() {
    let app = TestApp::start().await;
    let member = Who::member();
    app.linked(&member, "opal", "3085220012345670").await;
    app.set_out(&member, 180).await;
    app.until_reward(&member, "month_6", "issued").await;
    app.until("the card is awaited", async || app.credits().await[0]["state"] == "awaiting_tap")
        .await;
    app.forward(Duration::days(61)).await;
    app.until_reward(&member, "month_6", "awaiting_account").await;
    app.until_idle().await;
    assert_eq!(app.credits().await.len(), 1, "it is not sent to the same card again");
    assert_eq!(app.figures("opal").await, ["100.00", "0.00", "100.00", "0.00"]);
    app.linked(&member, "myki", "308425123456780").await;
    let reward = app.until_reward(&member, "month_6", "issued").await;
    assert_eq!(reward["partner_used"], "myki");
    app.until("the card is awaited", async || {
        app.credits().await.iter().any(|credit| credit["state"] == "awaiting_tap")
    })
    .await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credit_that_came_back_after_all_goes_where_another_account_is() {
    let app = TestApp::start().await;
    let member = Who::member();
    app.linked(&member, "agl", "1234567890").await;
    app.set_out(&member, 90).await;
    let reward = app.until_reward(&member, "month_3", "redeemed").await;
    let credit = &reward["distribution_details"]["creditId"];
    app.control("return", json!({ "partner": "agl", "partner_ref": credit })).await;
    app.until_reward(&member, "month_3", "awaiting_account").await;
    assert_eq!(app.figures("agl").await, ["50.00", "0.00", "50.00", "0.00"]);
    app.linked(&member, "origin", "A-5AE579CD").await;
    let reward = app.until_reward(&member, "month_3", "redeemed").await;
    assert_eq!(reward["partner_used"], "origin");
    assert_eq!(app.figures("origin").await, ["50.00", "50.00", "0.00", "0.00"]);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_energy_company_tells_of_an_account_is_on_record() {
    let app = TestApp::start().await;
    let member = Who::member();
    app.linked(&member, "agl", "1234567890").await;
    for (kind, data) in [
        ("bill.generated", json!({ "bill_id": "B7", "amount": "182.40", "due_on": "2026-12-12" })),
        (
            "payment.received",
            json!({ "payment_id": "P1", "amount": "60.00", "received_at": "2026-11-20T01:00:00Z" }),
        ),
        ("balance.low", json!({ "balance": "3.00", "threshold": "10.00" })),
    ] {
        let mut data = data;
        data["account"] = json!("1234567890");
        app.control("tell", json!({ "partner": "agl", "type": kind, "data": data })).await;
    }
    let path = format!("/api/activity?member={}", member.sub);
    let expected = ["BillGenerated", "PaymentReceived", "LowBalanceReported"];
    let mut told = Value::Null;
    app.until("all three are on record", async || {
        told = app.get(&Who::new(anchor::access::Role::Support), &path).await.body;
        expected.iter().all(|name| told.to_string().contains(name))
    })
    .await;
    assert!(!told.to_string().contains("1234567890"), "no number in clear: {told}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_of_an_account_whose_link_has_ended_is_set_aside_and_not_kept() {
    let app = TestApp::start().await;
    let member = Who::member();
    app.linked(&member, "agl", "1234567890").await;
    app.agree(&member, "link", "agl", false).await;
    app.until_account(&member, "agl", "unlinked").await;
    let data = json!({
        "bill_id": "B8", "amount": "182.40", "due_on": "2026-12-12", "account": "1234567890",
    });
    app.control("tell", json!({ "partner": "agl", "type": "bill.generated", "data": data })).await;
    let parked = "SELECT count(*) FROM inbox
                   WHERE state = 'parked' AND reason = 'account_no_longer_linked'";
    app.until("it is set aside", async || {
        sqlx::query_scalar::<_, i64>(parked).fetch_one(&app.pool).await.unwrap() == 1
    })
    .await;
    let kept = "SELECT count(*) FROM events WHERE event_type = 'BillGenerated'";
    assert_eq!(sqlx::query_scalar::<_, i64>(kept).fetch_one(&app.pool).await.unwrap(), 0);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credit_whose_answer_was_lost_is_found_and_given_once() {
    let app = TestApp::start().await;
    let member = Who::member();
    app.linked(&member, "agl", "1234567890").await;
    app.fault("agl", "drop", 1).await;
    app.set_out(&member, 90).await;
    app.until("it was taken", async || app.credits().await.len() == 1).await;
    app.forward(Duration::seconds(120)).await;
    app.until_reward(&member, "month_3", "redeemed").await;
    assert_eq!(app.credits().await.len(), 1);
    assert_eq!(app.figures("agl").await, ["50.00", "50.00", "0.00", "0.00"]);
    app.finish().await;
}
