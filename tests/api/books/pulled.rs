//! Is each day's statement fetched once it is over, also after an outage, and is a cut one kept and
//! told?
//!
//! Rows: A2, D6.

use anchor::access::Role;
use anchor::books::pulls;
use anchor::clock;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use chrono_tz::Australia::Sydney;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::staff::alerts::until_alert;
use crate::support::{TestApp, Who};

/// Goes on to noon of so many days later, in Sydney: the day before is over, its statement written.
async fn forward_to_noon(app: &TestApp, days: i64) {
    let now: DateTime<Utc> =
        sqlx::query_scalar("SELECT ledger_now()").fetch_one(&app.pool).await.unwrap();
    let day = app.today().await + Duration::days(days);
    let noon = day.and_hms_opt(12, 0, 0).unwrap().and_local_timezone(Sydney).unwrap();
    // The partner first: whoever asks it for a day that is over finds it over.
    let by = noon.to_utc() - now;
    app.control("clock", json!({ "forward_seconds": by.num_seconds() })).await;
    clock::forward(&app.pool, by).await.unwrap();
}

/// Somebody with a voucher of which a part was used; and the day on which that was.
async fn a_voucher(app: &TestApp) -> NaiveDate {
    let member = Who::member();
    app.set_out(&member, 30).await;
    let day = app.today().await;
    let reward = app.until_reward(&member, "month_1", "issued").await;
    app.redeem(&reward, "12.50").await;
    app.until_reward(&member, "month_1", "partly_redeemed").await;
    app.until_idle().await;
    day
}

/// Day, lines, lines that agree, and what is open, of every statement that was compared.
async fn compared(app: &TestApp) -> Vec<(NaiveDate, i64, i64, i64)> {
    let list = app.get(&Who::new(Role::Finance), "/api/reconciliation/statements").await.body;
    let number = |row: &Value, name: &str| row[name].as_i64().unwrap();
    let mut rows: Vec<(NaiveDate, i64, i64, i64)> = list["statements"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["status"] == "matched")
        .map(|row| {
            let day = row["business_date"].as_str().unwrap().parse().unwrap();
            (day, number(row, "lines"), number(row, "matched"), number(row, "open_breaks"))
        })
        .collect();
    rows.sort_unstable();
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn every_day_that_is_over_is_fetched_once_also_those_of_an_outage() {
    let mut app = TestApp::start_with(&[("ANCHOR_PULL_STATEMENTS", "true")]).await;
    let day = a_voucher(&app).await;
    app.stop().await;
    forward_to_noon(&app, 3).await;
    app.restart().await;
    app.until("three days are in the books", async || compared(&app).await.len() >= 3).await;
    let days = [(0, 2), (1, 0), (2, 0)];
    let expected = days.map(|(after, lines)| (day + Duration::days(after), lines, lines, 0));
    assert_eq!(compared(&app).await[..3], expected);
    // Whoever looks again finds nothing to do.
    let (worker, rival) = (Uuid::now_v7(), Uuid::now_v7());
    assert_eq!(pulls::claim(&app.pool, worker, 10).await.unwrap(), []);
    // Of two that look at once each day is one's.
    let partner = "woolworths".parse().unwrap();
    let last = [(partner, day + Duration::days(12))];
    let noted =
        tokio::join!(pulls::note_days(&app.pool, &last), pulls::note_days(&app.pool, &last));
    noted.0.unwrap();
    noted.1.unwrap();
    app.stop().await;
    let asked =
        tokio::join!(pulls::claim(&app.pool, worker, 10), pulls::claim(&app.pool, rival, 10));
    let (mine, theirs) = (asked.0.unwrap(), asked.1.unwrap());
    assert!(mine.iter().all(|day| !theirs.contains(day)), "{mine:?} {theirs:?}");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_was_cut_is_kept_told_of_and_asked_for_again() {
    let app = TestApp::start_with(&[("ANCHOR_PULL_STATEMENTS", "true")]).await;
    let day = a_voucher(&app).await;
    let cut = json!({ "partner": "woolworths", "operation": "statement",
        "faults": [{ "kind": "truncated_statement", "times": 1 }] });
    app.control("faults", cut).await;
    forward_to_noon(&app, 1).await;
    let alert = until_alert(&app, "open", "statement_missing").await;
    assert_eq!(alert["subject"], format!("woolworths@{day}"), "{alert}");
    let kept: Vec<(String, Value)> =
        sqlx::query_as("SELECT came_by, faults FROM statement_files WHERE statement_id IS NULL")
            .fetch_all(&app.pool)
            .await
            .unwrap();
    assert_eq!((kept.len(), kept[0].0.as_str()), (1, "pulled"));
    let codes: Vec<&Value> =
        kept[0].1.as_array().unwrap().iter().map(|fault| &fault["code"]).collect();
    assert!(codes.contains(&&json!("trailer_missing")), "{codes:?}");
    app.forward(Duration::minutes(10)).await;
    app.until("it is in the books", async || !compared(&app).await.is_empty()).await;
    assert_eq!(compared(&app).await[0], (day, 2, 2, 0));
    until_alert(&app, "resolved", "statement_missing").await;
    app.finish().await;
}
