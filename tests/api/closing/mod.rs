//! Does a closed month stay as it is, in every format, after what comes late, after a rebuild and
//! elsewhere; and does the journal answer for any moment that was?
//!
//! Rows: A1, A3, A4, A6, A7, U5, Q2.

mod printed;

use anchor::access::Role;
use chrono::{Datelike, Duration, NaiveDate};
use domain::period::Span;
use reqwest::Method;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::support::{TestApp, Webhook, Who, anchor};

const FORMATS: [&str; 5] = ["json", "csv", "xlsx", "hledger", "beancount"];

/// A month in which somebody got a voucher and used some of it, and which is over.
async fn a_month(app: &TestApp) -> (Span, Value) {
    let member = Who::member();
    app.set_out(&member, 30).await;
    let reward = app.until_reward(&member, "month_1", "issued").await;
    app.redeem(&reward, "12.50").await;
    app.until_reward(&member, "month_1", "partly_redeemed").await;
    let month = Span::month_of(app.today().await);
    let left = month.last() - app.today().await + Duration::days(2);
    app.forward(left).await;
    app.until_idle().await;
    (month, reward)
}

async fn bytes(app: &TestApp, path: &str) -> Vec<u8> {
    let finance = Who::new(Role::Finance);
    let token = secrecy::ExposeSecret::expose_secret(&finance.token()).to_owned();
    let url = format!("{}{path}", app.base);
    let answer = app.http.request(Method::GET, url).bearer_auth(token).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}: {:?}", answer.text().await);
    answer.bytes().await.unwrap().to_vec()
}

fn path(month: Span, format: &str) -> String {
    format!("/api/reconciliation/reports/monthly?period={month}&format={format}")
}

async fn all_formats(app: &TestApp, month: Span) -> Vec<Vec<u8>> {
    let mut printed = Vec::new();
    for format in FORMATS {
        printed.push(bytes(app, &path(month, format)).await);
    }
    printed
}

fn amount(row: &Value, field: &str) -> Decimal {
    row[field].as_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_month_is_printed_byte_for_byte_the_same_whatever_comes_later_and_wherever() {
    let app = TestApp::start().await;
    let (month, reward) = a_month(&app).await;
    let finance = Who::new(Role::Finance);
    let close = json!({ "period": month.to_string() });
    // The server reads the clock that the test moved a moment later.
    let mut closed = None;
    app.until("the month is over for the server as well", async || {
        let answer = app.post(&finance, "/api/reconciliation/periods", close.clone()).await;
        closed = (answer.status != 409).then_some(answer);
        closed.is_some()
    })
    .await;
    let closed = closed.unwrap();
    assert_eq!((closed.status, &closed.body["was_closed"]), (200, &json!(false)), "{closed:?}");
    app.until_idle().await;
    let before = all_formats(&app, month).await;

    // Late: the shop tells today of what was bought then.
    let late = month.last().and_hms_opt(2, 0, 0).unwrap().and_utc();
    let voucher = &reward["distribution_details"]["voucherId"];
    let data = json!({
        "voucher_id": voucher, "amount": "2.25", "remaining": "5.25", "redeemed_at": late,
        "redemption_id": "told-late",
    });
    let notice = json!({ "type": "voucher.redeemed", "timestamp": late, "data": data });
    let secret = &app.variables["WOOLWORTHS_WEBHOOK_SECRET"];
    let told = Webhook::new("woolworths", secret, notice.to_string()).send(&app).await;
    assert_eq!(told.status, 202, "{told:?}");
    app.until_idle().await;
    assert!(all_formats(&app, month).await == before, "after what came late");
    let again = app.post(&finance, "/api/reconciliation/periods", close).await;
    assert_eq!((again.status, &again.body["was_closed"]), (200, &json!(true)));
    assert_eq!(again.body["digest"], closed.body["digest"]);

    // The open month shows it, and opens as the closed one closed.
    let json_of = |bytes: Vec<u8>| serde_json::from_slice::<Value>(&bytes).unwrap();
    let open = json_of(bytes(&app, &path(month.next(), "json")).await);
    let items = open["sections"]["late_items"].as_array().unwrap();
    assert!(!items.is_empty(), "{open}");
    assert!(items.iter().all(|item| item["belongs_to"] == json!(month.to_string())));
    let sealed = json_of(before[0].clone());
    let roll = |report: &Value| report["sections"]["roll_forward"][0].clone();
    assert_eq!(roll(&sealed)["closing"], roll(&open)["opening"]);
    assert_eq!(amount(&roll(&open), "used"), Decimal::new(225, 2));
    let restated = format!("{}&view=belonging", path(month, "json"));
    let restated = json_of(bytes(&app, &restated).await);
    assert_eq!(amount(&roll(&restated), "used"), Decimal::new(1475, 2));

    let rebuilt = anchor(&app.variables, &["rebuild", "--all"], "").await;
    assert_eq!(rebuilt.code, 0, "{}", rebuilt.beside);
    assert!(all_formats(&app, month).await == before, "after a rebuild");
    assert_the_same_elsewhere(&app, month, &before).await;
    app.finish().await;
}

/// From a terminal in another zone and another language, in every format.
async fn assert_the_same_elsewhere(app: &TestApp, month: Span, before: &[Vec<u8>]) {
    let mut variables = app.variables.clone();
    for (zone, locale) in [("Pacific/Kiritimati", "de_DE.UTF-8"), ("America/Adak", "C")] {
        variables.insert("TZ".to_owned(), zone.to_owned());
        variables.insert("LC_ALL".to_owned(), locale.to_owned());
        let period = month.to_string();
        for (format, before) in FORMATS.iter().zip(before) {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("report");
            let out = file.to_str().unwrap();
            let words =
                ["report", "monthly", "--period", &period, "--format", format, "--out", out];
            let ended = anchor(&variables, &words, "").await;
            assert_eq!(ended.code, 0, "{}", ended.beside);
            assert!(std::fs::read(&file).unwrap() == *before, "{format} in {zone}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_close_at_once_close_one_after_the_other() {
    let app = TestApp::start().await;
    let (month, _) = a_month(&app).await;
    let finance = Who::new(Role::Finance);
    let close = async |month: Span| {
        let close = json!({ "period": month.to_string() });
        let mut answer = app.post(&finance, "/api/reconciliation/periods", close.clone()).await;
        while [409, 503].contains(&answer.status) && answer.code() != "not_possible_now" {
            answer = app.post(&finance, "/api/reconciliation/periods", close.clone()).await;
        }
        answer
    };
    app.forward(Duration::days(31)).await;
    app.until_idle().await;
    app.until("both months are over for the server as well", async || {
        let both = tokio::join!(close(month), close(month.next()), close(month));
        [both.0, both.1, both.2].iter().any(|answer| answer.status == 200)
    })
    .await;
    close(month.next()).await;
    app.until_idle().await;
    let sealed: Vec<(String, i64, i64)> = sqlx::query_as(
        "SELECT aggregate_id, position, (payload->>'position')::bigint FROM events
          WHERE event_type = 'PeriodClosed' ORDER BY position",
    )
    .fetch_all(&app.pool)
    .await
    .unwrap();
    let months: Vec<&str> = sealed.iter().map(|(month, ..)| month.as_str()).collect();
    assert!(
        months.is_sorted() && months.last() == Some(&&*month.next().to_string()),
        "{sealed:?}"
    );
    let knows = |pair: &[(String, i64, i64)]| pair[1].2 >= pair[0].1;
    assert!(sealed.windows(2).all(knows), "each knows the one before: {sealed:?}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_closed_or_answered_is_refused_and_never_empty() {
    let app = TestApp::start().await;
    let (month, _) = a_month(&app).await;
    let finance = Who::new(Role::Finance);
    let periods = "/api/reconciliation/periods";
    let open = json!({ "period": month.next().to_string() });
    let refused = app.post(&finance, periods, open).await;
    assert_eq!((refused.status, refused.code()), (409, "not_possible_now"));
    for period in ["2026-W47", "2026-11-22", "2026-13", ""] {
        let refused = app.post(&finance, periods, json!({ "period": period })).await;
        assert_eq!((refused.status, refused.code()), (422, "invalid_field"), "{period}");
    }
    let head = app.head().await;
    let report = "/api/reconciliation/reports";
    for path in [
        format!("{report}/monthly?period=2026-W47"),
        format!("{report}/daily?period=2999-01-01"),
        format!("{report}/monthly?period={month}&as_of={}", head + 1_000),
        format!("{report}/monthly?period={month}&as_of=2999-01-01T00:00:00Z"),
        format!("{report}/monthly?period={month}&as_of=2026-11-22T09:00:00"),
        format!("{report}/monthly?period={month}&format=pdf"),
        format!("/api/reconciliation/journal?as_of={}", head + 1_000),
        format!("/api/reconciliation/summary?as_of={}", head + 1_000),
        format!("{periods}?as_of={}", head + 1_000),
    ] {
        let refused = app.get(&finance, &path).await;
        assert_eq!((refused.status, refused.code()), (400, "invalid_query"), "{path}");
    }
    assert_eq!(app.get(&finance, &format!("{report}/yearly?period=2026")).await.status, 404);
    let month = month.to_string();
    let ended = anchor(&app.variables, &["--json", "period", "close", &month], "").await;
    assert_eq!(ended.code, 0, "{}", ended.beside);
    app.until_idle().await;
    // The one before is closed with it.
    let first: NaiveDate = format!("{month}-01").parse().unwrap();
    let before = Span::month_of(first - Duration::days(1)).to_string();
    let ended = anchor(&app.variables, &["period", "close", &before], "").await;
    assert_eq!(ended.code, 3, "{}", ended.beside);
    let listed = app.get(&finance, periods).await;
    assert_eq!(listed.body["periods"][0]["period"], json!(month));
    let as_it_was = app.get(&finance, &format!("{periods}?as_of={head}")).await;
    assert_eq!(as_it_was.body["periods"], json!([]));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_balances_as_of_any_position_and_pages_through_every_posting() {
    let app = TestApp::start().await;
    a_month(&app).await;
    let finance = Who::new(Role::Finance);
    let journal = "/api/reconciliation/journal";
    for position in 0..=app.head().await {
        let answer = app.get(&finance, &format!("{journal}?as_of={position}")).await;
        assert_eq!((answer.status, &answer.body["position"]), (200, &json!(position)));
        let balances = answer.body["balances"].as_array().unwrap();
        let sum: Decimal = balances.iter().map(|row| amount(row, "balance")).sum();
        assert!(sum.is_zero(), "at {position}: {balances:?}");
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = app.get(&finance, &format!("{journal}?limit=1{cursor}")).await.body;
        let rows = page["postings"].as_array().unwrap();
        seen.extend(rows.iter().map(|row| (row["position"].as_i64(), row["line"].as_i64())));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let all = app.get(&finance, journal).await.body;
    assert_eq!(all["postings"].as_array().unwrap().len(), seen.len());
    assert!(seen.is_sorted() && seen.len() >= 4);
    let clearing = app.get(&finance, &format!("{journal}?account=liabilities:clearing")).await;
    let balances = clearing.body["balances"].as_array().unwrap();
    assert_eq!(balances.len(), 1, "{balances:?}");
    assert_eq!(balances[0]["balance"], json!("0.00"));
    let own = app.book().await;
    let issued: Decimal = own.iter().map(|voucher| amount(voucher, "amount")).sum();
    let cost = app.get(&finance, &format!("{journal}?account=expenses")).await;
    assert_eq!(amount(&cost.body["balances"][0], "balance"), issued);
    assert!(app.today().await.year() >= 2026);
    app.finish().await;
}
