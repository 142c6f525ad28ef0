//! What do partners' webhooks do, and what do forged ones not do?
//!
//! - [`order`]: in any order one end
//! - [`refused`]: forty classes of bad ones
//! - [`foreign`]: signed by packages that others wrote; other schemes than Standard Webhooks
//! - [`rotation`]: while a secret changes
//! - [`flood`]: many copies, and far more than is taken
//!
//! Rows: W1, W2, W3, W4, W5, W6. Cases: C13, C14, C15.

mod flood;
mod foreign;
mod order;
mod refused;
mod rotation;

use futures::future::join_all;
use serde_json::{Value, json};

use crate::edge::coverage::assert_problem;
use crate::support::{TestApp, Webhook, Who};

fn woolworths(app: &TestApp, body: &Value) -> Webhook {
    Webhook::new("woolworths", &app.webhook_secret("woolworths"), body.to_string())
}

fn redeemed(voucher: &Value, redemption: &str, amount: &str, remaining: &str) -> Value {
    json!({ "type": "voucher.redeemed", "timestamp": "2026-11-24T03:00:00Z", "data": {
        "voucher_id": voucher, "redemption_id": redemption, "amount": amount,
        "remaining": remaining, "redeemed_at": anchor::clock::real_now(),
    }})
}

async fn issued(app: &TestApp) -> (Who, Value) {
    let member = Who::member();
    app.set_out(&member, 30).await;
    let reward = app.until_reward(&member, "month_1", "issued").await;
    (member, reward["distribution_details"]["voucherId"].clone())
}

async fn count(app: &TestApp, sql: &str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&app.pool).await.unwrap()
}

async fn kinds_of_security_events(app: &TestApp) -> Vec<String> {
    sqlx::query_scalar("SELECT kind FROM security_events ORDER BY id")
        .fetch_all(&app.pool)
        .await
        .unwrap()
}

/// Waits until the webhook has been worked on, and answers its state and reason.
async fn settled(app: &TestApp, webhook: &Webhook) -> (String, String) {
    let look = async || -> (String, String) {
        sqlx::query_as("SELECT state, coalesce(reason, '') FROM inbox WHERE external_id = $1")
            .bind(&webhook.id)
            .fetch_one(&app.pool)
            .await
            .unwrap()
    };
    app.until("the webhook is worked on", async || look().await != ("new".into(), "".into()))
        .await;
    look().await
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_in_parallel_are_all_taken_and_work_once() {
    let app = TestApp::start().await;
    let (member, voucher) = issued(&app).await;
    let webhook = woolworths(&app, &redeemed(&voucher, "R1", "5.00", "15.00"));
    let other_id = woolworths(&app, &redeemed(&voucher, "R1", "5.00", "15.00"));
    let copies = (0..16).map(|n| if n % 2 == 0 { &webhook } else { &other_id });
    for answer in join_all(copies.map(|copy| copy.send(&app))).await {
        assert_eq!((answer.status, &answer.body), (202, &json!({ "accepted": true })));
    }
    app.until_reward(&member, "month_1", "partly_redeemed").await;
    app.until_idle().await;
    let redeemed = "SELECT count(*) FROM events WHERE event_type = 'VoucherRedeemed'";
    assert_eq!(count(&app, redeemed).await, 1);
    let reward = app.reward(&member, "month_1").await.unwrap();
    assert_eq!(reward["distribution_details"]["remaining"], "15.00");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_signed_as_agreed_is_refused_remembered_and_changes_nothing() {
    let app = TestApp::start().await;
    let (_, voucher) = issued(&app).await;
    app.until_idle().await;
    let head = app.head().await;
    let body = redeemed(&voucher, "R1", "5.00", "15.00").to_string();
    let right = Webhook::new("woolworths", &app.webhook_secret("woolworths"), body.clone());
    let now = right.at;
    let secret = app.webhook_secret("woolworths");
    let stale = |seconds| {
        Webhook::at("woolworths", &secret, (format!("old{seconds}"), now + seconds), body.clone())
    };
    let forged = [
        Webhook::new("woolworths", "another-secret-that-nobody-agreed-on", body.clone()),
        Webhook::new("woolworths", &app.webhook_secret("coles"), body.clone()),
        Webhook { partner: "coles", ..right.clone() },
        Webhook { id: "another".into(), ..right.clone() },
        Webhook { at: now + 1, ..right.clone() },
        Webhook { body: body.replace("5.00", "9.00").into(), ..right.clone() },
        Webhook { signature: String::new(), ..right.clone() },
        Webhook { signature: "v1".into(), ..right.clone() },
        Webhook { signature: "v1,AAAA".into(), ..right.clone() },
        Webhook { signature: right.signature.replace("v1,", "v2,"), ..right.clone() },
        Webhook { signature: [right.signature.as_str(); 17].join(" "), ..right.clone() },
        Webhook { id: "x".repeat(129), ..right.clone() },
        Webhook { id: "a b".into(), ..right.clone() },
        stale(-310),
        stale(310),
    ];
    for (n, webhook) in forged.iter().enumerate() {
        let answer = webhook.send(&app).await;
        assert_problem(&answer, 401, &format!("forged {n}"));
        assert_eq!(answer.code(), "signature_not_accepted", "which check failed is not told");
    }
    let bare = format!("{}/api/webhooks/woolworths", app.base);
    let bare = TestApp::answer(app.http.post(bare).body(body).send().await.unwrap()).await;
    assert_problem(&bare, 401, "no headers");
    let known = "SELECT sum(count)::bigint FROM security_events";
    assert_eq!(count(&app, known).await, i64::try_from(forged.len()).unwrap() + 1);
    assert!(kinds_of_security_events(&app).await.len() < forged.len(), "repeats are one row");
    assert_eq!(count(&app, "SELECT count(*) FROM inbox").await, 0);
    app.assert_nothing_since(head).await;
    assert_eq!(right.send(&app).await.status, 202, "the right one still counts");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_secret_is_changed_both_are_taken() {
    let secrets = "an-old-secret-of-this-very-partner an-new-secret-of-this-very-partner";
    let app = TestApp::start_with(&[("WOOLWORTHS_WEBHOOK_SECRET", secrets)]).await;
    let body = json!({ "type": "voucher.issued", "timestamp": "2026-11-24T03:00:00Z",
        "data": { "reference": "ABC", "voucher_id": "V1" } });
    for secret in secrets.split(' ') {
        let webhook = Webhook::new("woolworths", secret, body.to_string());
        assert_eq!(webhook.send(&app).await.status, 202);
        let (state, reason) = settled(&app, &webhook).await;
        assert_eq!((&*state, &*reason), ("new", "no_such_voucher_ordered_yet"), "evidence alone");
    }
    let value = "SELECT count(*) FROM events WHERE aggregate_type = 'reward'";
    assert_eq!(count(&app, value).await, 0, "a webhook never makes value");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_id_with_another_body_changes_nothing_and_is_remembered() {
    let app = TestApp::start().await;
    let (member, voucher) = issued(&app).await;
    let first = woolworths(&app, &redeemed(&voucher, "R1", "5.00", "15.00"));
    assert_eq!(first.send(&app).await.status, 202);
    app.until_reward(&member, "month_1", "partly_redeemed").await;
    let other = redeemed(&voucher, "R2", "15.00", "0.00").to_string();
    let secret = app.webhook_secret("woolworths");
    let second = Webhook::with_id("woolworths", &secret, first.id.clone(), other);
    assert_eq!(second.send(&app).await.status, 202);
    assert_eq!(kinds_of_security_events(&app).await, ["webhook_id_reused"]);
    app.until_idle().await;
    let reward = app.reward(&member, "month_1").await.unwrap();
    assert_eq!(reward["distribution_details"]["remaining"], "15.00");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redemption_that_comes_before_its_voucher_waits_for_it() {
    let app = TestApp::start().await;
    app.fault("woolworths", "timeout_after", 1).await;
    let member = Who::member();
    app.set_out(&member, 30).await;
    app.until("the partner has issued", async || app.book().await.len() == 1).await;
    let voucher = app.book().await[0]["partner_ref"].clone();
    let early = woolworths(&app, &redeemed(&voucher, "R1", "20.00", "0.00"));
    assert_eq!(early.send(&app).await.status, 202);
    assert_eq!(settled(&app, &early).await, ("new".into(), "nothing_of_that_id_yet".into()));
    app.until("the outcome is unknown", async || {
        let unknown = "SELECT count(*) FROM events WHERE event_type = 'IssuanceOutcomeUnknown'";
        count(&app, unknown).await == 1
    })
    .await;
    app.forward(chrono::Duration::seconds(120)).await;
    app.until_reward(&member, "month_1", "redeemed").await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_applied_is_taken_and_set_aside_with_its_reason() {
    let app = TestApp::start().await;
    let (member, voucher) = issued(&app).await;
    app.until_idle().await;
    let head = app.head().await;
    let data = |data: Value| json!({ "type": "voucher.redeemed", "data": data });
    let cases = [
        json!({ "type": "tea.spilled", "timestamp": "2026-11-24T03:00:00Z", "data": {} }),
        json!({}),
        json!({ "type": 5 }),
        data(json!({ "voucher_id": voucher })),
        data(json!({ "voucher_id": voucher, "amount": 5.5 })),
        redeemed(&voucher, "R1", "20.01", "0.00"),
        redeemed(&voucher, "R1", "0.00", "20.00"),
        redeemed(&voucher, "R1", "-5.00", "25.00"),
    ];
    for case in &cases {
        let webhook = woolworths(&app, case);
        assert_eq!(webhook.send(&app).await.status, 202, "{case}");
        let (state, reason) = settled(&app, &webhook).await;
        assert_eq!(state, "parked", "{case}");
        assert!(!reason.is_empty(), "{case}");
    }
    app.until_idle().await;
    app.assert_nothing_since(head).await;
    assert_eq!(app.reward(&member, "month_1").await.unwrap()["status"], "issued");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_object_or_too_large_or_from_nobody_is_not_taken() {
    let app = TestApp::start().await;
    let secret = app.webhook_secret("woolworths");
    let deep = format!("{}{}", "{\"a\":".repeat(65), "1") + &"}".repeat(65);
    for body in ["", "[]", "5", "{", "{\"a\": \"\u{1}\"}", &deep] {
        let answer = Webhook::new("woolworths", &secret, body).send(&app).await;
        assert_problem(&answer, 400, body);
        assert_eq!(answer.code(), "not_json");
    }
    let large = Webhook::new("woolworths", &secret, vec![b' '; 256 * 1024 + 1]);
    assert_problem(&large.send(&app).await, 413, "too large");
    for partner in ["nobody", "lifeline"] {
        let unknown = Webhook::new(partner, &secret, "{}");
        assert_problem(&unknown.send(&app).await, 404, partner);
    }
    assert_eq!(count(&app, "SELECT count(*) FROM inbox").await, 0);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_sends_again_until_somebody_is_there_and_copies_do_no_harm() {
    let mut app = TestApp::start().await;
    let member = Who::member();
    app.set_out(&member, 30).await;
    let reward = app.until_reward(&member, "month_1", "issued").await;
    app.until_idle().await;
    app.stop().await;
    app.redeem(&reward, "4.00").await;
    app.restart().await;
    app.until_reward(&member, "month_1", "partly_redeemed").await;

    let twice = json!([{ "kind": "duplicate_webhook", "times": 1 }]);
    let twice = json!({ "partner": "woolworths", "operation": "webhook", "faults": twice });
    app.control("faults", twice).await;
    app.redeem(&reward, "16.00").await;
    app.until_reward(&member, "month_1", "redeemed").await;
    let redemptions = "SELECT count(*) FROM events WHERE event_type = 'VoucherRedeemed'";
    assert_eq!(count(&app, redemptions).await, 2);
    app.finish().await;
}

fn expired(voucher: &Value, unspent: &str) -> Value {
    json!({ "type": "voucher.expired", "timestamp": "2026-11-24T03:00:00Z", "data": {
        "voucher_id": voucher, "unspent": unspent, "expired_at": anchor::clock::real_now(),
    }})
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_in_the_wrong_order_ends_where_the_right_one_does() {
    let app = TestApp::start().await;
    let (member, voucher) = issued(&app).await;
    let early = woolworths(&app, &expired(&voucher, "15.00"));
    assert_eq!(early.send(&app).await.status, 202);
    let (state, reason) = settled(&app, &early).await;
    assert_eq!((state.as_str(), reason.starts_with("may_be_early")), ("parked", true), "{reason}");
    let spent = woolworths(&app, &redeemed(&voucher, "R1", "5.00", "15.00"));
    assert_eq!(spent.send(&app).await.status, 202);
    app.until_reward(&member, "month_1", "expired").await;
    let told = "SELECT count(*) FROM events
                 WHERE event_type = 'VoucherExpired' AND payload->>'unspent' = '15.00'";
    assert_eq!(count(&app, told).await, 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_float_is_reported_low_and_an_account_is_not_taken_for_one() {
    let app = TestApp::start().await;
    let low = |what: &str| {
        json!({ "type": "balance.low", "timestamp": "2026-11-24T03:00:00Z",
            "data": { what: "F1", "balance": "10.00", "threshold": "50.00" } })
    };
    let (float, account) = (woolworths(&app, &low("float")), woolworths(&app, &low("account")));
    for webhook in [&float, &account] {
        assert_eq!(webhook.send(&app).await.status, 202);
    }
    assert_eq!(settled(&app, &float).await.0, "done");
    let (state, reason) = settled(&app, &account).await;
    assert_eq!((state.as_str(), reason.as_str()), ("new", "no_account_of_that_number_yet"));
    let told = "SELECT count(*) FROM events WHERE event_type = 'FloatLowReported'";
    assert_eq!(count(&app, told).await, 1);
    app.end().await;
}
