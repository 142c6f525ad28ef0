//! Do partners' statements get into the books, and is what differs found, named and ended once?
//!
//! Rows: A2, Q2, D4.

mod apart;
mod by_hand;
pub mod faults;
mod hasten;
mod json;
pub mod paper;
mod pulled;
mod stopping;
mod tied;
mod year;

use anchor::access::Role;
use chrono::Duration;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{TestApp, Who};
use paper::{Paper, bring, fetch};

/// Somebody with a voucher of which `spent` has been used, and the statement of that day.
pub async fn a_day(app: &TestApp, spent: &str) -> Paper {
    let member = Who::member();
    app.set_out(&member, 30).await;
    let reward = app.until_reward(&member, "month_1", "issued").await;
    app.redeem(&reward, spent).await;
    app.until_reward(&member, "month_1", "partly_redeemed").await;
    let day = app.today().await;
    app.forward(Duration::days(1)).await;
    fetch(app, "woolworths", day).await
}

pub async fn breaks(app: &TestApp, state: &str) -> Vec<Value> {
    let finance = Who::new(Role::Finance);
    let path = format!("/api/reconciliation/breaks?state={state}");
    let mut breaks = app.get(&finance, &path).await.body["breaks"].as_array().unwrap().clone();
    // Those of one statement were opened at the same moment.
    breaks.sort_by_key(|found| (found["kind"].to_string(), found["movement"].to_string()));
    breaks
}

pub async fn until_compared(app: &TestApp, id: &Value) -> Value {
    let finance = Who::new(Role::Finance);
    let mut found = Value::Null;
    app.until("the statement is compared", async || {
        let list = app.get(&finance, "/api/reconciliation/statements").await.body;
        let statements = list["statements"].as_array().unwrap();
        found = statements.iter().find(|row| row["id"] == *id).cloned().unwrap_or_default();
        found["status"] == "matched"
    })
    .await;
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_agrees_is_matched_whole_and_the_same_bytes_change_nothing() {
    let app = TestApp::start().await;
    let paper = a_day(&app, "12.50").await;
    let finance = Who::new(Role::Finance);
    let brought = bring(&app, &finance, &paper.text()).await;
    assert_eq!(brought.status, StatusCode::CREATED, "{:?}", brought.body);
    let row = until_compared(&app, &brought.body["id"]).await;
    assert_eq!(
        (&row["lines"], &row["matched"], &row["open_breaks"]),
        (&json!(2), &json!(2), &json!(0))
    );
    let head = app.head().await;
    for _ in 0..2 {
        let again = bring(&app, &finance, &paper.text()).await;
        assert_eq!((again.status, &again.body["was_known"]), (200, &json!(true)));
    }
    app.assert_nothing_since(head).await;
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM statement_files")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(kept, 1);
    app.finish().await;
}

async fn the_partner_sees_what_differs_and_nothing_of_what_we_write(app: &TestApp) {
    let partner = Who::new(Role::Partner);
    let path = "/api/reconciliation/breaks";
    let theirs = app.get(&partner, path).await.body;
    let ours = app.get(&Who::new(Role::Finance), path).await.body;
    assert_eq!(ours["breaks"].as_array().unwrap().len(), 2);
    for (shown, whole) in
        theirs["breaks"].as_array().unwrap().iter().zip(ours["breaks"].as_array().unwrap())
    {
        for field in ["owner", "note", "first_person", "first_person_until", "second_person"] {
            assert_eq!(shown[field], Value::Null, "{field}");
        }
        for field in ["id", "kind", "line", "stated", "recorded", "amount", "partner_ref"] {
            assert_eq!(shown[field], whole[field], "{field}");
        }
    }
    assert_eq!(theirs["breaks"].as_array().unwrap().len(), 2);
    assert_eq!(app.get(&partner, &format!("{path}?partner=coles")).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_difference_is_named_taken_up_and_ended_once_and_a_corrected_statement_ends_it_too() {
    let app = TestApp::start().await;
    let mut paper = a_day(&app, "12.50").await;
    let right = paper.clone();
    paper.change("REDEEM", |fields| fields[7] = "-1300".to_owned());
    paper.add("ISSUE,STRANGE,WO9,777");
    let finance = Who::new(Role::Finance);
    let brought = bring(&app, &finance, &paper.text()).await;
    until_compared(&app, &brought.body["id"]).await;
    let found = breaks(&app, "open").await;
    let told: Vec<(&str, &str)> = found
        .iter()
        .map(|found| (found["kind"].as_str().unwrap(), found["amount"].as_str().unwrap()))
        .collect();
    assert_eq!(told, [("over", "0.50"), ("unexpected", "7.77")]);
    let path = |what: &str| {
        format!("/api/reconciliation/breaks/{}{what}", found[0]["id"].as_str().unwrap())
    };
    let assigned = app.post(&finance, &path("/assign"), json!({})).await;
    assert_eq!(assigned.status, 200, "{:?}", assigned.body);
    let explained = json!({ "reason": "Their till was set wrong that day." });
    let explained = app.post(&finance, &path("/explain"), explained).await;
    assert_eq!((explained.status, &explained.body["state"]), (200, &json!("open")));
    app.until("what was found is shown, and by whom it is looked into", async || {
        let shown = &breaks(&app, "open").await[0];
        (&shown["note"], &shown["owner"])
            == (&json!("Their till was set wrong that day."), &json!(finance.sub))
    })
    .await;
    the_partner_sees_what_differs_and_nothing_of_what_we_write(&app).await;
    let end = json!({ "outcome": "corrected_by_partner", "reason": "They mend it tomorrow." });
    assert_eq!(app.post(&finance, &path("/resolve"), end.clone()).await.status, 200);
    let twice = app.post(&finance, &path("/resolve"), end).await;
    assert_eq!((twice.status, twice.code()), (409, "already_done"));
    // The corrected one has the next number, and stands in the place of the first.
    let mut corrected = right;
    corrected.sequence = 2;
    let brought = bring(&app, &finance, &corrected.text()).await;
    assert_eq!(brought.status, 201, "{:?}", brought.body);
    let row = until_compared(&app, &brought.body["id"]).await;
    assert_eq!((&row["matched"], &row["open_breaks"]), (&json!(2), &json!(0)));
    app.until("nothing is open", async || breaks(&app, "open").await.is_empty()).await;
    let mut outcomes: Vec<String> = breaks(&app, "resolved")
        .await
        .iter()
        .map(|found| found["outcome"].as_str().unwrap().to_owned())
        .collect();
    outcomes.sort();
    assert_eq!(outcomes, ["corrected_by_partner", "superseded"]);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_difference_is_set_aside_by_two_people() {
    let app = TestApp::start_with(&[("ANCHOR_TWO_PERSON_FROM", "5.00")]).await;
    let mut paper = a_day(&app, "12.50").await;
    paper.add("ISSUE,STRANGE,WO9,777");
    let (anna, ben) = (Who::new(Role::Finance), Who::new(Role::Finance));
    let brought = bring(&app, &anna, &paper.text()).await;
    until_compared(&app, &brought.body["id"]).await;
    let id = breaks(&app, "open").await[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/reconciliation/breaks/{id}/resolve");
    let force = json!({ "outcome": "forced", "reason": "Nobody there remembers." });
    let first = app.post(&anna, &path, force.clone()).await;
    assert_eq!((first.status, &first.body["state"]), (202, &json!("awaiting_second_person")));
    let same = app.post(&anna, &path, force.clone()).await;
    assert_eq!((same.status, same.code()), (409, "same_person"));
    let second = app.post(&ben, &path, force).await;
    assert_eq!((second.status, &second.body["state"]), (200, &json!("forced")));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partners_people_bring_and_see_their_own_alone() {
    let app = TestApp::start().await;
    let paper = a_day(&app, "12.50").await;
    let partner = Who::new(Role::Partner);
    let foreign = Paper { partner: "coles".to_owned(), ..paper.clone() };
    assert_eq!(bring(&app, &partner, &foreign.text()).await.status, 404);
    let brought = bring(&app, &partner, &paper.text()).await;
    assert_eq!(brought.status, 201, "{:?}", brought.body);
    until_compared(&app, &brought.body["id"]).await;
    let other = app.get(&partner, "/api/reconciliation/statements?partner=coles").await;
    assert_eq!(other.status, 404);
    let own = app.get(&partner, "/api/reconciliation/statements").await;
    assert_eq!(own.body["statements"].as_array().unwrap().len(), 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_statement_speaks_of_is_overdue_in_time_and_ended_by_the_line_that_comes() {
    let app = TestApp::start().await;
    let paper = a_day(&app, "12.50").await;
    let finance = Who::new(Role::Finance);
    let silent = Paper { lines: Vec::new(), ..paper.clone() };
    let brought = bring(&app, &finance, &silent.text()).await;
    until_compared(&app, &brought.body["id"]).await;
    assert_eq!(breaks(&app, "all").await.len(), 0, "a partner has its days to say so");
    app.forward(Duration::days(4)).await;
    let later = silent.of_day(paper.date + Duration::days(4));
    let brought = bring(&app, &finance, &later.text()).await;
    until_compared(&app, &brought.body["id"]).await;
    let overdue = breaks(&app, "open").await;
    let told: Vec<(&Value, &Value, &Value)> = overdue
        .iter()
        .map(|found| (&found["kind"], &found["movement"], &found["recorded"]))
        .collect();
    assert_eq!(
        told,
        [
            (&json!("overdue"), &json!("ISSUE"), &json!("20.00")),
            (&json!("overdue"), &json!("REDEEM"), &json!("12.50")),
        ]
    );
    // The line comes after all.
    let corrected = Paper { sequence: 2, ..paper };
    let brought = bring(&app, &finance, &corrected.text()).await;
    until_compared(&app, &brought.body["id"]).await;
    app.until("nothing is open", async || breaks(&app, "open").await.is_empty()).await;
    let ended = breaks(&app, "resolved").await;
    assert!(ended.iter().all(|found| found["outcome"] == "arrived"), "{ended:?}");
    app.finish().await;
}
