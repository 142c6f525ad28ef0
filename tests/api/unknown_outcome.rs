//! What if the partner issued, and the answer was lost? The same voucher, and nobody else is asked.
//!
//! Rows: D4, D6, P10. Cases: C7, C8, C24, I1, I2. Threats: T26.

use std::collections::BTreeSet;

use chrono::Duration;
use serde_json::Value;

use crate::staff::alerts::until_alert;
use crate::support::{TestApp, Who};

const MEMBERS: usize = 50;

async fn count(app: &TestApp, sql: &str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&app.pool).await.unwrap()
}

/// Counts the rewards of unknown outcome that are told as under way, or as another thing.
fn unknown_and_told(is: &str) -> String {
    format!(
        "SELECT count(*) FROM read.rewards r
          CROSS JOIN LATERAL (SELECT event_type, position FROM events
                               WHERE aggregate_type = 'reward' AND aggregate_id = r.id::text
                               ORDER BY sequence DESC LIMIT 1) last
          WHERE last.event_type = 'IssuanceOutcomeUnknown' AND r.last_position >= last.position
            AND r.status {is} 'processing'"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_lost_answers_end_as_fifty_vouchers_and_nobody_else_is_asked() {
    // So many failures in a row would open the breaker, and this is about what was sent already.
    let folder = tempfile::tempdir().unwrap();
    let patient = include_str!("../../src/partners/catalogue/woolworths.toml")
        .replace("calls_at_once = 64", "calls_at_once = 64\nbreaker_opens_after = 1000");
    std::fs::write(folder.path().join("woolworths.toml"), patient).unwrap();
    let folder = folder.path().display().to_string();
    let app = TestApp::start_with(&[("ANCHOR_PARTNERS_DIR", &folder)]).await;
    app.fault("woolworths", "timeout_after", MEMBERS as u32).await;
    let members: Vec<Who> = (0..MEMBERS).map(|_| Who::member()).collect();
    for member in &members {
        assert_eq!(app.set_out(member, 30).await.status, 200);
    }
    app.until("an unknown outcome is told as under way", async || {
        count(&app, &unknown_and_told("=")).await >= 1
    })
    .await;
    app.until("every outcome is unknown", async || {
        count(&app, "SELECT count(*) FROM events WHERE event_type = 'IssuanceOutcomeUnknown'")
            .await
            >= MEMBERS as i64
    })
    .await;
    assert_eq!(app.book().await.len(), MEMBERS, "they were issued, and we do not know it");
    let said = count(&app, &unknown_and_told("<>")).await;
    assert_eq!(said, 0, "nothing is said that is not known");

    app.forward(Duration::seconds(120)).await;
    let mut told = BTreeSet::new();
    for member in &members {
        let reward = app.until_reward(member, "month_1", "issued").await;
        told.insert(reward["distribution_details"]["voucherId"].as_str().unwrap().to_owned());
    }
    let book = app.book().await;
    let id = |voucher: &Value| voucher["partner_ref"].as_str().unwrap().to_owned();
    assert_eq!(book.len(), MEMBERS, "one voucher each");
    assert_eq!(told, book.iter().map(id).collect::<BTreeSet<_>>());
    assert!(book.iter().all(|voucher| voucher["partner"] == "woolworths"), "nobody else");
    let asked = "SELECT count(*) FROM events WHERE event_type = 'IssuanceRequested'";
    assert_eq!(count(&app, asked).await, MEMBERS as i64, "one attempt each");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_cut_off_or_no_answer_to_the_question_is_asked_again() {
    let app = TestApp::start().await;
    app.fault("woolworths", "drop", 1).await;
    app.fault("woolworths", "error_500", 1).await;
    app.fault("woolworths", "wrong_amount", 1).await;
    let members: Vec<Who> = (0..3).map(|_| Who::member()).collect();
    for member in &members {
        app.set_out(member, 30).await;
    }
    app.until("every outcome is unknown", async || {
        count(&app, "SELECT count(*) FROM events WHERE event_type = 'IssuanceOutcomeUnknown'")
            .await
            >= 3
    })
    .await;
    app.forward(Duration::seconds(120)).await;
    for member in &members {
        app.until_reward(member, "month_1", "issued").await;
    }
    let book = app.book().await;
    assert!(book.len() == 3 && book.iter().all(|voucher| voucher["amount"] == "20.00"));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stops_in_the_middle_of_a_call_finds_the_voucher_afterwards() {
    let mut app = TestApp::start().await;
    app.fault("woolworths", "timeout_after", 1).await;
    let member = Who::member();
    app.set_out(&member, 30).await;
    app.until("the partner has issued", async || app.book().await.len() == 1).await;
    app.restart().await;
    app.forward(Duration::seconds(120)).await;
    let reward = app.until_reward(&member, "month_1", "issued").await;
    let book = app.book().await;
    assert_eq!(book.len(), 1);
    assert_eq!(reward["distribution_details"]["voucherId"], book[0]["partner_ref"]);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_was_put_off_is_on_record_again_before_it_leaves() {
    let app = TestApp::start().await;
    app.fault("woolworths", "rate_limit", 1).await;
    let member = Who::member();
    app.set_out(&member, 30).await;
    let deferred = "SELECT count(*) FROM events WHERE event_type = 'IssuanceDeferred'";
    app.until("it was put off", async || count(&app, deferred).await == 1).await;
    // The partner asked to be left alone for a second, by its own clock and not by the ledger's.
    tokio::time::sleep(std::time::Duration::from_millis(1_200)).await;
    app.forward(Duration::seconds(60)).await;
    app.until_reward(&member, "month_1", "issued").await;
    let told: Vec<String> = sqlx::query_scalar(
        "SELECT event_type FROM events WHERE event_type LIKE 'Issuance%' OR event_type LIKE 'V%'
          ORDER BY position",
    )
    .fetch_all(&app.pool)
    .await
    .unwrap();
    let expected = ["IssuanceRequested", "IssuanceDeferred", "IssuanceRepeated", "VoucherIssued"];
    assert_eq!(told, expected);
    assert_eq!(app.book().await.len(), 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_code_for_two_rewards_is_taken_once_and_harms_nobody_else() {
    let app = TestApp::start().await;
    let (first, second, third) = (Who::member(), Who::member(), Who::member());
    app.set_out(&first, 30).await;
    app.until_reward(&first, "month_1", "issued").await;
    app.fault("woolworths", "same_code", 1).await;
    app.set_out(&second, 30).await;
    let twice = "SELECT count(*) FROM events WHERE event_type = 'IssuanceOutcomeUnknown'
                    AND payload->>'why' = 'given_for_another_reward'";
    app.until("it was noticed", async || count(&app, twice).await == 1).await;
    let waiting = app.reward(&second, "month_1").await.unwrap();
    let alert = until_alert(&app, "open", "given_twice").await;
    assert_eq!(alert["subject"], waiting["id"], "people are told whose it is");
    app.set_out(&third, 30).await;
    app.until_reward(&third, "month_1", "issued").await;
    app.forward(Duration::seconds(120)).await;
    app.until_reward(&second, "month_1", "issued").await;
    // It was not known until its own code was there, and nobody else was asked meanwhile.
    let steps: Vec<String> = sqlx::query_scalar(
        "SELECT event_type FROM events WHERE aggregate_id = $1 AND event_type IN
                ('IssuanceRequested', 'IssuanceOutcomeUnknown', 'IssuanceRefused',
                 'VoucherIssued', 'RewardFailed') ORDER BY sequence",
    )
    .bind(waiting["id"].as_str().unwrap())
    .fetch_all(&app.pool)
    .await
    .unwrap();
    assert_eq!(steps, ["IssuanceRequested", "IssuanceOutcomeUnknown", "VoucherIssued"]);
    until_alert(&app, "resolved", "given_twice").await;
    let codes = "SELECT count(DISTINCT payload->>'code_tag') FROM events
                  WHERE event_type = 'VoucherIssued'";
    assert_eq!(count(&app, codes).await, 3);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_the_partner_may_have_forgotten_is_not_sent_again() {
    let app = TestApp::start().await;
    app.fault("woolworths", "timeout_before", 1).await;
    let member = Who::member();
    app.set_out(&member, 30).await;
    let unknown = "SELECT count(*) FROM events WHERE event_type = 'IssuanceOutcomeUnknown'";
    app.until("the outcome is unknown", async || count(&app, unknown).await == 1).await;
    app.forward(Duration::hours(721)).await;
    let forgotten = "SELECT count(*) FROM events WHERE event_type = 'IssuanceOutcomeUnknown'
                        AND payload->>'why' = 'key_forgotten'";
    app.until("the key is too old", async || count(&app, forgotten).await == 1).await;
    assert_eq!(app.book().await.len(), 0, "people settle it");
    assert_eq!(app.reward(&member, "month_1").await.unwrap()["status"], "processing");
    app.end().await;
}
