//! What if the partner issued, and the answer was lost? The same voucher, and nobody else is asked.
//!
//! Rows: D4, D6, P10. Cases: C8, I1, I2.

use std::collections::BTreeSet;

use chrono::Duration;
use serde_json::Value;

use crate::support::{TestApp, Who};

const MEMBERS: usize = 50;

async fn count(app: &TestApp, sql: &str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&app.pool).await.unwrap()
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
    app.until("every outcome is unknown", async || {
        count(&app, "SELECT count(*) FROM events WHERE event_type = 'IssuanceOutcomeUnknown'")
            .await
            >= MEMBERS as i64
    })
    .await;
    assert_eq!(app.book().await.len(), MEMBERS, "they were issued, and we do not know it");
    let shown = app.reward(&members[0], "month_1").await.unwrap();
    assert_eq!(shown["status"], "processing", "nothing is said that is not known: {shown}");

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
