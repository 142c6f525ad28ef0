//! Are differences kept apart that look alike, told whatever their number, and shown as they stood?
//!
//! Rows: A2, A4, Q2.

use anchor::access::Role;
use chrono::Duration;
use serde_json::{Value, json};

use super::paper::{Paper, bring, fetch};
use super::{a_day, breaks, until_compared};
use crate::support::{TestApp, Who};

const CENTS: usize = 7;
const FEE: usize = 8;
const PLACE: usize = 10;

async fn brought(app: &TestApp, paper: &Paper) -> Value {
    let brought = bring(app, &Who::new(Role::Finance), &paper.text()).await;
    assert_eq!(brought.status, 201, "{:?}", brought.body);
    until_compared(app, &brought.body["id"]).await
}

fn kinds(found: &[Value]) -> Vec<(&str, &str)> {
    found
        .iter()
        .map(|row| (row["kind"].as_str().unwrap(), row["movement"].as_str().unwrap()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_use_that_nobody_told_us_of_is_not_taken_for_another_one_of_the_same_amount() {
    let app = TestApp::start().await;
    let member = Who::member();
    app.set_out(&member, 30).await;
    let reward = app.until_reward(&member, "month_1", "issued").await;
    app.redeem(&reward, "5.00").await;
    app.until_reward(&member, "month_1", "partly_redeemed").await;
    let day = app.today().await;
    app.forward(Duration::days(1)).await;
    let mut paper = fetch(&app, "woolworths", day).await;
    let mut untold = paper.lines.iter().find(|line| line[2] == "REDEEM").unwrap().clone();
    untold[PLACE] = "nobody-told-us".to_owned();
    paper.lines.push(untold);
    let row = brought(&app, &paper).await;
    assert_eq!((&row["matched"], &row["open_breaks"]), (&json!(2), &json!(1)));
    // The next day as much is spent again.
    app.redeem(&reward, "5.00").await;
    app.until("both uses are recorded", async || {
        let member = app.reward(&member, "month_1").await.unwrap();
        member["distribution_details"]["remaining"] == "10.00"
    })
    .await;
    app.until_idle().await;
    let next = app.today().await;
    app.forward(Duration::days(1)).await;
    let row = brought(&app, &fetch(&app, "woolworths", next).await).await;
    assert_eq!((&row["matched"], &row["open_breaks"]), (&json!(1), &json!(0)));
    assert_eq!(kinds(&breaks(&app, "open").await), [("unexpected", "REDEEM")]);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_said_again_on_the_next_day_is_a_duplicate_also_when_both_wait() {
    let mut app = TestApp::start().await;
    let first = a_day(&app, "12.50").await;
    let day = app.today().await;
    app.forward(Duration::days(1)).await;
    let mut second = fetch(&app, "woolworths", day).await;
    second.lines.extend(first.lines.iter().find(|line| line[2] == "REDEEM").cloned());
    app.restart_without_workers().await;
    let finance = Who::new(Role::Finance);
    for paper in [&first, &second] {
        assert_eq!(bring(&app, &finance, &paper.text()).await.status, 201);
    }
    app.restart().await;
    app.until("the line is told as said before", async || {
        kinds(&breaks(&app, "all").await) == [("duplicate_theirs", "REDEEM")]
    })
    .await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_line_charges_is_told_beside_what_it_moves() {
    let app = TestApp::start().await;
    let mut paper = a_day(&app, "12.50").await;
    paper.change("REDEEM", |fields| fields[FEE] = "5".to_owned());
    let row = brought(&app, &paper).await;
    assert_eq!((&row["matched"], &row["open_breaks"]), (&json!(2), &json!(1)));
    let found = breaks(&app, "open").await;
    assert_eq!(kinds(&found), [("unexpected", "FEE")]);
    assert_eq!((&found[0]["stated"], &found[0]["amount"]), (&json!("0.05"), &json!("0.05")));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_so_much_differs_that_nobody_would_look_it_is_told_once_and_not_forced() {
    let app = TestApp::start().await;
    let mut paper = a_day(&app, "12.50").await;
    let right = Paper { sequence: 2, ..paper.clone() };
    for n in 0..2_001 {
        paper.add(&format!("ISSUE,STRANGE{n},WO9{n},777"));
    }
    let row = brought(&app, &paper).await;
    assert_eq!((&row["matched"], &row["open_breaks"]), (&json!(0), &json!(1)));
    let found = breaks(&app, "open").await;
    assert_eq!(kinds(&found), [("too_many", "ADJUST")]);
    assert_eq!(found[0]["amount"], "15547.77");
    let path = format!("/api/reconciliation/breaks/{}/resolve", found[0]["id"].as_str().unwrap());
    let force = json!({ "outcome": "forced", "reason": "Nobody there remembers." });
    let refused = app.post(&Who::new(Role::Finance), &path, force).await;
    assert_eq!((refused.status, refused.code()), (409, "not_possible_now"), "{refused:?}");
    let row = brought(&app, &right).await;
    assert_eq!((&row["matched"], &row["open_breaks"]), (&json!(2), &json!(0)));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_break_and_its_statement_are_shown_as_they_stood_at_any_position() {
    let app = TestApp::start_with(&[("ANCHOR_TWO_PERSON_FROM", "5.00")]).await;
    let mut paper = a_day(&app, "12.50").await;
    paper.change("REDEEM", |fields| fields[CENTS] = "-2000".to_owned());
    let before = app.head().await;
    brought(&app, &paper).await;
    let (anna, ben) = (Who::new(Role::Finance), Who::new(Role::Finance));
    let id = breaks(&app, "open").await[0]["id"].as_str().unwrap().to_owned();
    let act = async |who: &Who, what: &str, body: Value| {
        let path = format!("/api/reconciliation/breaks/{id}{what}");
        assert!(app.post(who, &path, body).await.status < 300);
        app.until_idle().await;
        app.head().await
    };
    let opened = app.head().await;
    let owned = act(&ben, "/assign", json!({})).await;
    let force = json!({ "outcome": "forced", "reason": "Nobody there remembers." });
    let begun = act(&anna, "/resolve", force.clone()).await;
    let forced = act(&ben, "/resolve", force).await;

    let shown = async |what: &str, at: i64| {
        let path = format!("/api/reconciliation/{what}as_of={at}");
        let answer = app.get(&anna, &path).await;
        assert_eq!((answer.status, &answer.body["position"]), (200, &json!(at)), "{answer:?}");
        answer.body
    };
    let stood = async |at: i64| {
        let list = shown("breaks?state=all&", at).await;
        let row = &list["breaks"][0];
        let people = ["owner", "first_person", "second_person"].map(|who| row[who].clone());
        (row["state"].clone(), people, row["note"].clone())
    };
    let (a, b, none) = (json!(anna.sub), json!(ben.sub), Value::Null);
    let why = json!("Nobody there remembers.");
    let (open, nobody) = (json!("open"), none.clone());
    assert!(shown("breaks?state=all&", before).await["breaks"].as_array().unwrap().is_empty());
    let people = |owner: &Value, first: &Value, second: &Value| {
        [owner.clone(), first.clone(), second.clone()]
    };
    let at_first = people(&none, &none, &none);
    assert_eq!(stood(opened).await, (open.clone(), at_first, nobody.clone()));
    assert_eq!(stood(owned).await, (open.clone(), people(&b, &none, &none), nobody.clone()));
    assert_eq!(stood(begun).await, (open, people(&b, &a, &none), nobody));
    assert_eq!(stood(forced).await, (json!("forced"), people(&b, &a, &b), why));
    assert_eq!(shown("breaks?", begun).await["breaks"].as_array().unwrap().len(), 1);
    assert!(shown("breaks?", forced).await["breaks"].as_array().unwrap().is_empty());
    assert!(shown("statements?", before).await["statements"].as_array().unwrap().is_empty());
    for (at, open) in [(opened, 1), (begun, 1), (forced, 0)] {
        let list = shown("statements?", at).await;
        let row = &list["statements"][0];
        assert_eq!((&row["status"], &row["open_breaks"]), (&json!("matched"), &json!(open)));
    }
    let odd = app.get(&anna, "/api/reconciliation/breaks?kind=overdeu").await;
    assert_eq!((odd.status, odd.code()), (400, "invalid_query"));
    app.finish().await;
}
