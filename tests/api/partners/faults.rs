//! Does every fault of the sandbox's webhooks and answers end in the state that the facts say?
//!
//! Rows: P11, W2, W3, W5, D2.

use serde_json::json;

use crate::support::{TestApp, Who};

async fn fault(app: &TestApp, operation: &str, kind: &str) {
    let faults = json!([{ "kind": kind, "times": 1 }]);
    let body = json!({ "partner": "woolworths", "operation": operation, "faults": faults });
    app.control("faults", body).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_that_come_twice_late_shuffled_or_wrongly_signed_count_once() {
    let app = TestApp::start().await;
    let member = Who::member();
    app.set_out(&member, 30).await;
    let reward = app.until_reward(&member, "month_1", "issued").await;
    let kinds = ["duplicate_webhook", "secret_rotated", "clock_skew", "webhooks_shuffled"];
    for (kind, left) in kinds.into_iter().zip(["15.00", "10.00", "5.00", "2.50"]) {
        fault(&app, "webhook", kind).await;
        app.redeem(&reward, if left == "2.50" { "2.50" } else { "5.00" }).await;
        app.until(&format!("{kind}: {left} is left"), async || {
            let reward = app.reward(&member, "month_1").await.unwrap();
            reward["distribution_details"]["remaining"] == left
        })
        .await;
    }
    let refused: Vec<String> =
        sqlx::query_scalar("SELECT kind FROM security_events ORDER BY kind")
            .fetch_all(&app.pool)
            .await
            .unwrap();
    assert!(refused.iter().any(|kind| kind == "signature_wrong"), "{refused:?}");
    assert!(refused.iter().any(|kind| kind == "signature_stale"), "{refused:?}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_before_the_answer_and_a_forgotten_token_change_nothing() {
    let app = TestApp::start().await;
    for kind in ["webhook_first", "token_revoked", "slow"] {
        fault(&app, "issue", kind).await;
        let member = Who::member();
        app.set_out(&member, 30).await;
        let reward = app.until_reward(&member, "month_1", "issued").await;
        assert_eq!(reward["partner_used"], "woolworths", "{kind}");
    }
    assert_eq!(app.book().await.len(), 3, "one voucher each");
    app.finish().await;
}
