//! What if clocks are wrong? The database's steps back and forth by ten minutes, partners' are ten
//! minutes off: nothing is given twice, nothing is lost, and time in the log never goes back.
//!
//! Leases and whatever is due go by the database's clock alone. One that steps back makes what is
//! due wait for as long as it stepped, and nothing else.
//!
//! Rows: D6, M4, W3. Cases: C22.

use serde_json::json;
use sqlx::PgPool;

use crate::whole::{TestApp, Webhook, Who};

/// As a machine's clock that was set: not by [`anchor::clock::forward`], which only goes forward.
async fn step(pool: &PgPool, minutes: i64) {
    sqlx::query("UPDATE ledger_clock SET ahead = ahead + $1 * interval '1 minute'")
        .bind(minutes)
        .execute(pool)
        .await
        .unwrap();
}

async fn count(app: &TestApp, sql: &str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&app.pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_clock_that_steps_back_and_forth_doubles_nothing_and_loses_nothing() {
    let app = TestApp::start().await;
    // There is somewhere to step back to.
    app.forward(chrono::Duration::hours(1)).await;
    // Its outcome is open when the clock steps back, and again when it steps forth.
    app.fault("woolworths", "timeout_after", 2).await;
    let (first, second, third) = (Who::member(), Who::member(), Who::member());
    assert_eq!(app.set_out(&first, 30).await.status, 200);
    app.until("the partner has issued", async || app.book().await.len() == 1).await;
    step(&app.pool, -10).await;
    assert_eq!(app.set_out(&second, 30).await.status, 200);
    step(&app.pool, 20).await;
    assert_eq!(app.set_out(&third, 30).await.status, 200);
    step(&app.pool, -10).await;
    // The clock is right again, and catches up with what it had been.
    app.forward(chrono::Duration::minutes(25)).await;
    for member in [&first, &second, &third] {
        app.until_reward(member, "month_1", "issued").await;
    }
    app.until_idle().await;
    assert_eq!(app.book().await.len(), 3, "one voucher each");
    let asked = "SELECT count(*) FROM events WHERE event_type = 'IssuanceRequested'";
    assert_eq!(count(&app, asked).await, 3, "one intent each");
    let back =
        "SELECT count(*) FROM (SELECT recorded_at, lag(recorded_at) OVER (ORDER BY position)
                  AS before FROM events) e WHERE recorded_at < before";
    assert_eq!(count(&app, back).await, 0, "time in the log never goes back");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_by_a_clock_ten_minutes_off_is_refused_with_its_reason_and_taken_once_right() {
    let app = TestApp::start().await;
    let body = json!({ "type": "tea.spilled", "data": {} }).to_string();
    let secret = app.webhook_secret("woolworths");
    let now = anchor::clock::real_now().timestamp();
    for off in [-600, 600] {
        let id = format!("msg_off{}", off + 601);
        let wrong = Webhook::at("woolworths", &secret, (id.clone(), now + off), body.clone());
        let refused = wrong.send(&app).await;
        assert_eq!((refused.status, refused.code()), (401, "signature_not_accepted"));
        let why = "SELECT kind FROM security_events ORDER BY last_at DESC LIMIT 1";
        let why: String = sqlx::query_scalar(why).fetch_one(&app.pool).await.unwrap();
        assert_eq!(why, "signature_stale");
        let right = Webhook::with_id("woolworths", &secret, id, body.clone());
        assert_eq!(right.send(&app).await.status, 202);
    }
    let kept = "SELECT count(*) FROM inbox WHERE external_id LIKE 'msg_off%'";
    assert_eq!(count(&app, kept).await, 2);
    app.end().await;
}
