//! Does a milestone become a voucher, a signed webhook redeem it, and do all books agree?
//!
//! Rows: M4, R1, R5, P2, W1, W5, A1, Q1, C1.

use anchor::access::Role;
use chrono::Duration;
use serde_json::{Value, json};

use crate::support::{TestApp, Who};

async fn woolworths(app: &TestApp) -> Value {
    app.until_idle().await;
    let summary = app.get(&Who::new(Role::Finance), "/api/reconciliation/summary").await;
    let lines = summary.body["partners"].as_array().unwrap();
    lines.iter().find(|line| line["partner_id"] == "woolworths").cloned().unwrap_or_default()
}

fn figures(line: &Value) -> [&str; 3] {
    ["issued", "redeemed", "outstanding"].map(|name| line[name].as_str().unwrap_or("-"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_milestone_becomes_a_voucher_and_a_webhook_redeems_it() {
    let app = TestApp::start().await;
    let member = Who::member();
    app.set_out(&member, 29).await;
    app.forward(Duration::days(1)).await;
    let issued = app.until_reward(&member, "month_1", "issued").await;
    assert_eq!(figures(&woolworths(&app).await), ["20.00", "0.00", "20.00"]);

    app.redeem(&issued, "20.00").await;
    app.until_reward(&member, "month_1", "redeemed").await;
    assert_eq!(figures(&woolworths(&app).await), ["20.00", "20.00", "0.00"]);

    let book = app.book().await;
    assert_eq!(book.len(), 1);
    assert_eq!((&book[0]["amount"], &book[0]["remaining"]), (&json!("20.00"), &json!("0.00")));
    let path = format!("/api/activity?member={}", member.sub);
    let told = app.get(&Who::new(Role::Support), &path).await;
    let mut told: Vec<&str> = told.body["activities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|activity| activity["activity_type"].as_str().unwrap())
        .collect();
    told.reverse();
    assert_eq!(
        told,
        [
            "JourneyStarted",
            "MilestoneReached",
            "PartnerChosen",
            "IssuanceRequested",
            "VoucherIssued",
            "VoucherRedeemed"
        ]
    );
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voucher_is_spent_in_parts_and_a_part_can_be_given_back() {
    let app = TestApp::start().await;
    let member = Who::member();
    app.set_out(&member, 30).await;
    let reward = app.until_reward(&member, "month_1", "issued").await;
    app.redeem(&reward, "12.35").await;
    let partly = app.until_reward(&member, "month_1", "partly_redeemed").await;
    assert_eq!(partly["distribution_details"]["remaining"], "7.65", "{partly}");
    assert_eq!(figures(&woolworths(&app).await), ["20.00", "12.35", "7.65"]);

    app.redeem(&reward, "7.65").await;
    app.until_reward(&member, "month_1", "redeemed").await;
    let redemptions = app.book().await[0]["redemptions"].clone();
    let last = redemptions[1]["redemption_id"].clone();
    app.control(
        "reverse",
        json!({
            "partner": "woolworths",
            "partner_ref": reward["distribution_details"]["voucherId"],
            "redemption_id": last,
        }),
    )
    .await;
    app.until_reward(&member, "month_1", "partly_redeemed").await;
    assert_eq!(figures(&woolworths(&app).await), ["20.00", "12.35", "7.65"]);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_that_refuses_is_followed_by_the_next_and_when_all_refuse_by_people() {
    let app = TestApp::start().await;
    let (first, second) = (Who::member(), Who::member());
    app.fault("woolworths", "refuse", 1).await;
    app.set_out(&first, 30).await;
    let reward = app.until_reward(&first, "month_1", "issued").await;
    assert_eq!(reward["partner_used"], "coles");

    app.fault("woolworths", "refuse", 9).await;
    app.fault("coles", "refuse", 9).await;
    app.set_out(&second, 30).await;
    let failed = app.until_reward(&second, "month_1", "failed").await;
    assert_eq!(failed["distribution_details"]["voucherId"], Value::Null, "{failed}");
    assert_eq!(app.book().await.len(), 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_says_nothing_of_the_member() {
    let app = TestApp::start().await;
    let member = Who::member();
    app.set_out(&member, 30).await;
    let reward = app.until_reward(&member, "month_1", "issued").await;
    let book = app.book().await[0].to_string();
    let hidden = [member.sub.to_string(), reward["id"].as_str().unwrap().to_owned()];
    for hidden in hidden.iter().map(String::as_str).chain(["month_1", "milestone", "clean"]) {
        assert!(!book.contains(hidden), "{hidden}: {book}");
    }
    app.finish().await;
}
