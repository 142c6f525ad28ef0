//! Can every partner that has value give it, by the policy's order and the member's choice, and
//! nothing else?
//!
//! Rows: M3, R3, P1, P2, P3, P4.

use serde_json::{Value, json};

use super::number_at;
use crate::support::{PARTNERS, TestApp, Who};

async fn with_a_choice(app: &TestApp) -> (Who, Value) {
    let member = Who::member();
    app.set_out(&member, 365).await;
    let reward = app.until_reward(&member, "year_1", "awaiting_choice").await;
    (member, reward)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_partner_that_moves_value_gives_what_was_claimed() {
    let app = TestApp::start().await;
    for partner in PARTNERS {
        let (member, reward) = with_a_choice(&app).await;
        let is_credit = app.get(&member, &format!("/api/partners/{partner}")).await.body["products"]
            [0]["kind"]
            == "credit";
        let path = format!("/api/rewards/{}/claim", reward["id"].as_str().unwrap());
        let claim = json!({ "partnerId": partner });
        if is_credit {
            let early = app.post(&member, &path, claim.clone()).await;
            assert_eq!(early.code(), "account_needed", "{partner}: {early:?}");
            app.linked(&member, partner, number_at(partner).unwrap()).await;
        }
        let claimed = app.post(&member, &path, claim).await;
        assert_eq!(claimed.status, 200, "{partner}: {claimed:?}");
        assert_eq!(claimed.body["reward"]["partnerId"], partner);
        assert_eq!(claimed.body["reward"]["distributionResult"]["amount"], json!(200));
    }
    let vouchers = app.book().await;
    let credits = app.credits().await;
    let of_choice = |value: &&Value| value["amount"] == "200.00";
    let issued =
        vouchers.iter().filter(of_choice).count() + credits.iter().filter(of_choice).count();
    assert_eq!(issued, PARTNERS.len());
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_is_named_in_the_claim_and_fuel_is_only_ever_claimed() {
    let app = TestApp::start().await;
    let member = Who::member();
    app.set_out(&member, 180).await;
    let reward = app.until_reward(&member, "month_6", "awaiting_account").await;
    let path = format!("/api/rewards/{}/claim", reward["id"].as_str().unwrap());
    let odd = json!({ "partnerId": "fuel-voucher", "product": "fuel-diesel" });
    let odd = app.post(&member, &path, odd).await;
    assert_eq!((odd.status, &odd.body["field"]), (422, &json!("product")));
    let claim = json!({ "partnerId": "fuel-voucher", "product": "fuel-bp" });
    let claimed = app.post(&member, &path, claim).await;
    assert_eq!(claimed.status, 200, "{claimed:?}");
    let fuel: Vec<Value> =
        app.book().await.into_iter().filter(|v| v["partner"] == "fuel-voucher").collect();
    assert_eq!(fuel.len(), 1);
    assert_eq!((&fuel[0]["product"], &fuel[0]["amount"]), (&json!("fuel-bp"), &json!("100.00")));
    let gift = with_a_choice(&app).await;
    let path = format!("/api/rewards/{}/claim", gift.1["id"].as_str().unwrap());
    let claim = json!({ "partnerId": "coles", "product": "coles-gift-card" });
    assert_eq!(app.post(&gift.0, &path, claim).await.status, 200);
    app.finish().await;
}
