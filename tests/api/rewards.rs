//! What can a member do with their rewards? Check, look, claim, see the code.
//!
//! Rows: Q2, Q4, M4, R2, R3, R5, F1, F4. Threats: T10.

use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::edge::coverage::assert_problem;
use crate::support::{Answer, TestApp, Who};

async fn claim(app: &TestApp, who: &Who, reward: &Value, partner: &str) -> Answer {
    let path = format!("/api/rewards/{}/claim", reward["id"].as_str().unwrap());
    app.post(who, &path, json!({ "partnerId": partner })).await
}

async fn with_a_choice(app: &TestApp) -> (Who, Value) {
    let member = Who::member();
    assert_eq!(app.set_out(&member, 365).await.status, 200);
    let reward = app.until_reward(&member, "year_1", "awaiting_choice").await;
    (member, reward)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reward_is_told_as_new_once_whoever_recorded_it() {
    let app = TestApp::start().await;
    let member = Who::member();
    assert_eq!(app.post(&member, "/api/rewards/check", json!({})).await.body["total"], 0);
    assert_eq!(app.set_out(&member, 30).await.status, 200);
    let first = app.post(&member, "/api/rewards/check", json!({})).await;
    assert_eq!((first.status, &first.body["total"]), (200, &json!(1)), "{first:?}");
    let new = &first.body["newRewards"][0];
    assert_eq!((&first.body["checked"], &new["milestone"]), (&json!(true), &json!("month_1")));
    assert!(["processing", "issued"].contains(&new["status"].as_str().unwrap()), "{first:?}");
    let again = app.post(&member, "/api/rewards/check", json!({})).await;
    assert_eq!((&again.body["newRewards"], &again.body["total"]), (&json!([]), &json!(0)));
    let reward = app.until_reward(&member, "month_1", "issued").await;
    assert_eq!(reward["id"], new["rewardId"]);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reward_is_shown_as_the_app_knows_it_with_its_code_masked() {
    let app = TestApp::start().await;
    let member = Who::member();
    let set_out = app.set_out(&member, 30).await;
    let position = set_out.headers["ledger-position"].to_str().unwrap().to_owned();
    assert_eq!(set_out.body["position"].to_string(), position);
    let reward = app.until_reward(&member, "month_1", "issued").await;
    assert_eq!((&reward["reward_amount"], &reward["currency"]), (&json!(20), &json!("AUD")));
    assert_eq!(
        (&reward["reward_type"], &reward["partner_used"]),
        (&json!("grocery_voucher"), &json!("woolworths"),)
    );
    let details = &reward["distribution_details"];
    let masked = details["voucherCode"].as_str().unwrap().to_owned();
    assert!(details["voucherId"].is_string() && details["expiresAt"].is_string(), "{reward}");

    let path = format!("/api/rewards/{}", reward["id"].as_str().unwrap());
    let shown = app.get(&member, &path).await;
    let history: Vec<&str> = shown.body["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["event"].as_str().unwrap())
        .collect();
    assert_eq!(history[..2], ["MilestoneReached", "PartnerChosen"]);
    assert!(history.contains(&"IssuanceRequested") && history.contains(&"VoucherIssued"));

    let revealed = app.post(&member, &format!("{path}/reveal"), json!({})).await;
    assert_eq!(
        (revealed.status, &revealed.headers["cache-control"]),
        (200, &"no-store".parse().unwrap())
    );
    let code = revealed.body["code"].as_str().unwrap();
    assert!(code.len() > 4 && masked.ends_with(&code[code.len() - 4..]) && masked != code);
    for answer in [&shown.body, &reward] {
        assert!(!answer.to_string().contains(code), "only masked elsewhere");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_is_on_record_and_never_stored() {
    let app = TestApp::start().await;
    let member = Who::member();
    app.set_out(&member, 30).await;
    let reward = app.until_reward(&member, "month_1", "issued").await;
    let path = format!("/api/rewards/{}/reveal", reward["id"].as_str().unwrap());
    let mut positions = Vec::new();
    for _ in 0..2 {
        let request = app
            .http
            .post(format!("{}{path}", app.base))
            .bearer_auth(member.token().expose_secret())
            .header("idempotency-key", "the-same");
        let answer = TestApp::answer(request.send().await.unwrap()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(!answer.headers.contains_key("idempotency-replayed"));
        positions.push(answer.headers["ledger-position"].to_str().unwrap().to_owned());
    }
    assert_ne!(positions[0], positions[1], "each look is an event of its own");
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM idempotent_requests")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(kept, 0);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_choice_is_claimed_once_and_answered_the_same_again() {
    let app = TestApp::start().await;
    let (member, reward) = with_a_choice(&app).await;
    let nothing = format!("/api/rewards/{}/reveal", reward["id"].as_str().unwrap());
    assert_eq!(app.post(&member, &nothing, json!({})).await.code(), "nothing_to_reveal");

    let first = claim(&app, &member, &reward, "coles").await;
    assert_eq!(first.status, 200, "{first:?}");
    assert_eq!(first.body["success"], true);
    let claimed = &first.body["reward"];
    assert_eq!((&claimed["status"], &claimed["partnerId"]), (&json!("issued"), &json!("coles")));
    assert_eq!(claimed["distributionResult"]["amount"], json!(200));
    assert!(claimed["distributionResult"]["voucherCode"].is_string());

    let again = claim(&app, &member, &reward, "coles").await;
    assert_eq!((again.status, &again.body), (200, &first.body));
    let other = claim(&app, &member, &reward, "woolworths").await;
    assert_problem(&other, 409, "another partner");
    assert_eq!(other.code(), "already_claimed");
    assert_eq!(app.book().await.iter().filter(|v| v["amount"] == "200.00").count(), 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_that_cannot_be_carried_out_say_what_could_be_done() {
    let app = TestApp::start_lacking("kmart").await;
    let (member, reward) = with_a_choice(&app).await;
    app.until_idle().await;
    let head = app.head().await;
    let one_factor = Who { has_second_factor: false, ..member.clone() };
    let refused = claim(&app, &one_factor, &reward, "coles").await;
    assert_problem(&refused, 403, "one factor");
    assert_eq!(refused.code(), "second_factor_required");

    let stranger = claim(&app, &member, &reward, "no-such-partner").await;
    assert_problem(&stranger, 422, "not eligible");
    assert_eq!(stranger.code(), "partner_not_eligible");
    assert!(stranger.body["eligible"].as_array().unwrap().contains(&json!("coles")));

    let absent = claim(&app, &member, &reward, "kmart").await;
    assert_problem(&absent, 409, "not here");
    assert_eq!(absent.code(), "partner_unavailable");
    let available = absent.body["available"].as_array().unwrap();
    assert!(available.contains(&json!("woolworths")) && !available.contains(&json!("kmart")));

    let path = format!("/api/rewards/{}/claim", reward["id"].as_str().unwrap());
    let product = json!({ "partnerId": "coles", "product": "a-holiday" });
    let product = app.ask(&member, Method::POST, &path, Some(product)).await;
    assert_eq!((product.status, &product.body["field"]), (422, &json!("product")));
    app.until_idle().await;
    app.assert_nothing_since(head).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_that_is_slow_or_says_no_is_told_of() {
    let app = TestApp::start().await;
    let (member, reward) = with_a_choice(&app).await;
    app.fault("coles", "refuse", 1).await;
    let refused = claim(&app, &member, &reward, "coles").await;
    assert_problem(&refused, 409, "refused");
    assert_eq!(refused.code(), "partner_unavailable");
    assert!(refused.body["available"].as_array().unwrap().contains(&json!("woolworths")));

    app.fault("woolworths", "timeout_after", 1).await;
    let slow = claim(&app, &member, &reward, "woolworths").await;
    assert!(matches!(slow.status, 200 | 202), "{slow:?}");
    if slow.status == 202 {
        assert_eq!(slow.body["reward"]["status"], "processing");
    }
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_reads_what_it_has_just_written() {
    let app = TestApp::start().await;
    let member = Who::member();
    let written = app.set_out(&member, 29).await;
    let position = written.headers["ledger-position"].to_str().unwrap().to_owned();
    let request = app
        .http
        .get(format!("{}/api/progress", app.base))
        .bearer_auth(member.token().expose_secret())
        .header("ledger-min-position", &position);
    let progress = TestApp::answer(request.send().await.unwrap()).await;
    assert_eq!((progress.status, &progress.body["clean_days"]), (200, &json!(29)), "{progress:?}");
    let shown: i64 = progress.headers["ledger-position"].to_str().unwrap().parse().unwrap();
    assert!(shown >= position.parse().unwrap());
    assert_eq!(progress.body["next_milestone"]["milestone_id"], "month_1");
    app.finish().await;
}
