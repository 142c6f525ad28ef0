//! Do the ledger, a partner's statements and our bank agree, and is what differs named?
//!
//! Rows: A1, A2, A4, Q2.

mod funded;

use anchor::access::Role;
use chrono::{Duration, NaiveDate};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::books::faults::told;
use crate::books::paper::{Paper, bring, fetch};
use crate::books::{breaks, until_compared};
use crate::support::{Answer, TestApp, Who, anchor};

const BANK: &str = "/api/reconciliation/bank";
const HEADER: &str = "bank_reference,booked_on,partner,direction,amount,currency,our_note";

fn file(lines: &[String]) -> String {
    format!("{HEADER}\n{}\n", lines.join("\n"))
}

fn paid(reference: &str, day: NaiveDate, amount: &str) -> String {
    format!("{reference},{day},aldi,paid,{amount},AUD,\"topped up, as agreed\"")
}

fn topped_up(reference: &str, day: NaiveDate, amount: &str) -> String {
    format!("{reference},{day},woolworths,paid,{amount},AUD,")
}

async fn take(app: &TestApp, text: &str) -> Answer {
    use secrecy::ExposeSecret;
    let asked = app
        .http
        .post(format!("{}{BANK}", app.base))
        .bearer_auth(Who::new(Role::Finance).token().expose_secret())
        .header("content-type", "text/csv")
        .body(text.to_owned());
    TestApp::answer(asked.send().await.unwrap()).await
}

/// Somebody with a voucher of a partner that is paid in advance, and the statement of that day.
async fn a_day_paid_before(app: &TestApp) -> Paper {
    let member = Who::member();
    app.set_out(&member, 30).await;
    app.until_reward(&member, "month_1", "issued").await;
    let day = app.today().await;
    app.forward(Duration::days(1)).await;
    fetch(app, "woolworths", day).await
}

async fn three_way(app: &TestApp, further: &str) -> Value {
    let path = format!("/api/reconciliation/three-way?partner=woolworths{further}");
    let answer = app.get(&Who::new(Role::Finance), &path).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(answer.body["partners"].as_array().unwrap().len(), 1, "{:?}", answer.body);
    answer.body["partners"][0].clone()
}

fn differences(compared: &Value) -> Vec<(String, String)> {
    let told = compared["differences"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    told.map(|found| (text(&found["kind"]), text(&found["amount"]))).collect()
}

fn unanswered(compared: &Value) -> Vec<&str> {
    let told = compared["unanswered"].as_array().unwrap().iter();
    told.map(|found| found["figure"].as_str().unwrap()).collect()
}

async fn float_low(app: &TestApp) -> Vec<Value> {
    let alerts = app.get(&Who::new(Role::Support), "/api/support/alerts?state=open").await.body;
    let all = alerts["alerts"].as_array().unwrap().iter();
    all.filter(|alert| alert["kind"] == "float_low").cloned().collect()
}

/// With a partner that is paid in advance and that people are given vouchers of.
async fn who_is_paid_before() -> (TestApp, TempDir) {
    who_is_paid("prepaid").await
}

/// With a partner that is paid like this and that people are given vouchers of.
async fn who_is_paid(model: &str) -> (TestApp, TempDir) {
    let catalogue = concat!(env!("CARGO_MANIFEST_DIR"), "/src/partners/catalogue/woolworths.toml");
    let text = std::fs::read_to_string(catalogue).unwrap();
    let text = text.replace("\"pay_on_redemption\"", &format!("\"{model}\""));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("woolworths.toml"), text).unwrap();
    let path = folder.path().to_str().unwrap();
    (TestApp::start_with(&[("ANCHOR_PARTNERS_DIR", path)]).await, folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_faults_changes_nothing_and_the_same_one_twice_at_once_counts_once() {
    let app = TestApp::start().await;
    let today = app.today().await;
    let head = app.head().await;
    let tomorrow = today + Duration::days(2);
    let bad = file(&[
        paid("NAB-1", today, "500.00"),
        paid("NAB-1", today, "500.00"),
        format!("NAB-2,{today},nobody,paid,1.00,AUD,"),
        format!("NAB-3,{today},lifeline,paid,1.00,AUD,"),
        paid("NAB-4", tomorrow, "1.00"),
        paid("NAB-5", today, "0"),
    ]);
    let refused = take(&app, &bad).await;
    assert_eq!((refused.status, refused.code()), (422, "bank_lines_faulty"));
    assert_eq!(
        told(&refused.body["faults"]),
        [
            (3, "bank_reference_repeated"),
            (4, "partner_unknown"),
            (5, "partner_unknown"),
            (6, "date_in_future"),
            (7, "amount_odd"),
        ]
    );
    app.assert_nothing_since(head).await;

    let good = file(&[
        paid("NAB-1", today, "500.00"),
        paid("NAB-2", today, "20.5"),
        format!("NAB-3,{today},woolworths,received,7.00,AUD,"),
    ]);
    let (one, two) = tokio::join!(take(&app, &good), take(&app, &good));
    let recorded = |answer: &Answer| answer.body["recorded"].as_u64().unwrap();
    assert_eq!(recorded(&one) + recorded(&two), 3, "{:?} {:?}", one.body, two.body);
    let head = app.head().await;
    let again = take(&app, &good).await;
    assert_eq!((again.status, recorded(&again)), (200, 0));
    let other = file(&[paid("NAB-2", today, "20.50"), paid("NAB-1", today, "500.01")]);
    let refused = take(&app, &other).await;
    assert_eq!((refused.status, refused.code()), (409, "bank_line_differs"));
    let fault = &refused.body["faults"][0];
    assert_eq!((&fault["line"], &fault["code"]), (&json!(3), &json!("bank_reference_taken")));
    app.assert_nothing_since(head).await;

    let finance = Who::new(Role::Finance);
    let listed = app.get(&finance, &format!("{BANK}?partner=aldi&limit=1")).await;
    assert_eq!(listed.body["lines"].as_array().unwrap().len(), 1, "{:?}", listed.body);
    assert!(listed.body["next_cursor"].is_string());
    let before = app.get(&finance, &format!("{BANK}?as_of=1")).await;
    assert_eq!(before.body["lines"], json!([]));
    let journal = "/api/reconciliation/journal?account=assets:bank";
    let journal = app.get(&finance, journal).await;
    assert_eq!(journal.body["balances"][0]["balance"], "-513.50");
    assert_eq!(journal.body["postings"][0]["reward_id"], Value::Null);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ledger_statements_and_bank_agree_and_each_planted_difference_is_named() {
    let (app, _catalogue) = who_is_paid_before().await;
    let finance = Who::new(Role::Finance);
    let mut paper = a_day_paid_before(&app).await;
    let silent = three_way(&app, "").await;
    assert_eq!(unanswered(&silent), ["statements", "bank", "reported_float", "float"]);
    assert_eq!((&silent["float"], differences(&silent)), (&Value::Null, vec![]));

    // A top-up that the partner speaks of before our bank does.
    paper.add("TOPUP,ACCOUNT-1,T-1,50000");
    let brought = bring(&app, &finance, &paper.text()).await;
    until_compared(&app, &brought.body["id"]).await;
    let open = breaks(&app, "open").await;
    assert_eq!((open.len(), &open[0]["movement"]), (1, &json!("TOPUP")));
    take(&app, &file(&[topped_up("NAB-1", paper.date, "500.00")])).await;
    app.until("the top-up is found", async || breaks(&app, "open").await.is_empty()).await;
    let agreed = three_way(&app, "").await;
    assert_eq!((differences(&agreed), unanswered(&agreed)), (vec![], vec!["reported_float"]));
    assert_eq!((&agreed["float"], &agreed["suspense"]), (&json!("480.00"), &json!("0.00")));
    let position = app.head().await;

    // The partner corrects itself: more was issued, and there was no top-up.
    let mut corrected = paper.clone();
    corrected.sequence = 2;
    corrected.change("ISSUE", |fields| fields[7] = "2100".to_owned());
    corrected.lines.retain(|line| line[2] != "TOPUP");
    corrected.add("TOPUP,ACCOUNT-1,T-2,700");
    let brought = bring(&app, &finance, &corrected.text()).await;
    until_compared(&app, &brought.body["id"]).await;
    let planted = three_way(&app, "").await;
    let told = |kind: &str, amount: &str| (kind.to_owned(), amount.to_owned());
    // Our 500.00 may still be stated: its days are not over.
    assert_eq!(differences(&planted), [told("issued_differs", "1.00")]);
    assert_eq!(planted["statements"]["topped_up"], "7.00");

    // People let the dollar stand: it goes against us, and is seen.
    let over = breaks(&app, "open").await;
    let over = over.iter().find(|found| found["kind"] == "over").unwrap();
    let path = format!("/api/reconciliation/breaks/{}/resolve", over["id"].as_str().unwrap());
    let force = json!({ "outcome": "forced", "reason": "They insist." });
    assert_eq!(app.post(&finance, &path, force).await.status, 200);
    let mut forced = Value::Null;
    app.until("the dollar is set aside", async || {
        forced = three_way(&app, "").await;
        forced["suspense"] == "1.00"
    })
    .await;
    assert_eq!(forced["float"], "479.00");
    let as_it_was = three_way(&app, &format!("&as_of={position}")).await;
    assert_eq!((&as_it_was["float"], differences(&as_it_was)), (&json!("480.00"), vec![]));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_float_that_will_not_last_is_told_of_before_it_is_empty_and_a_top_up_ends_that() {
    let (app, _catalogue) = who_is_paid_before().await;
    let paper = a_day_paid_before(&app).await;
    assert_eq!(float_low(&app).await, [] as [Value; 0], "before our bank speaks, nobody knows");
    // 30.00 paid, 20.00 issued: 10.00 is left.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bank.csv");
    std::fs::write(&path, file(&[topped_up("NAB-1", paper.date, "30.00")])).unwrap();
    let words = ["statement", "import", "--bank", path.to_str().unwrap(), "--json"];
    for recorded in [1, 0] {
        let taken = anchor(&app.variables, &words, "").await;
        assert_eq!(taken.code, 0, "{}", taken.beside);
        let told: Value = serde_json::from_str(&taken.said).unwrap();
        assert_eq!(told["recorded"], recorded);
    }
    app.until("the float is low", async || float_low(&app).await.len() == 1).await;
    let told = float_low(&app).await[0].clone();
    assert_eq!(told["subject"], "woolworths");
    assert!(told["summary"].as_str().unwrap().contains("10.00 AUD is left"), "{told}");
    std::fs::write(&path, "booked_on\n").unwrap();
    assert_eq!(anchor(&app.variables, &words, "").await.code, 3);
    take(&app, &file(&[topped_up("NAB-2", paper.date, "100.00")])).await;
    app.until("it is topped up", async || float_low(&app).await.is_empty()).await;
    app.finish().await;
}
