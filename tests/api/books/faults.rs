//! Does a faulty statement change nothing, and does whoever brought it learn every fault at once?
//!
//! Rows: A2.

use std::collections::BTreeMap;

use anchor::access::Role;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::paper::{Paper, bring, digest, edited};
use super::{a_day, until_compared};
use crate::support::{TestApp, Who};

/// What is wrong, the file, and where which code is told.
type Faulty = (&'static str, String, &'static [(u64, &'static str)]);

/// The file with one field changed, and a digest that fits.
fn with(text: &str, row: usize, field: usize, value: &str) -> String {
    edited(text, |rows| rows[row][field] = value.to_owned())
}

/// Line 1 is the header, line 2 an ISSUE of 2000, line 3 a REDEEM of -1250, line 4 the trailer.
fn faulty_lines(text: &str) -> Vec<Faulty> {
    let twice = edited(text, |rows| {
        rows.insert(2, rows[1].clone());
        (rows[2][1], rows[3][1]) = ("2".to_owned(), "3".to_owned());
        (rows[4][1], rows[4][2], rows[4][4]) =
            ("3".to_owned(), "ISSUE:2:4000".to_owned(), "2750".to_owned());
    });
    let negative = edited(text, |rows| {
        rows[1][7] = "-2000".to_owned();
        (rows[3][2], rows[3][4]) = ("ISSUE:1:-2000".to_owned(), "-3250".to_owned());
    });
    vec![
        ("a repeated line", twice, &[(3, "repeated")]),
        ("a sign that its type never has", negative, &[(2, "wrong_sign")]),
        ("another currency", with(text, 2, 9, "NZD"), &[(3, "currency_differs")]),
        ("a gap in the lines", with(text, 1, 1, "5"), &[(2, "line_number")]),
        ("a date outside", with(text, 2, 6, "2026-01-01"), &[(3, "date_outside")]),
        ("a time outside", with(text, 2, 5, "2020-01-01T00:00:00Z"), &[(3, "time_outside")]),
        ("a type nobody agreed on", with(text, 1, 2, "GIFT"), &[(2, "kind_unknown")]),
        ("dollars in place of cents", with(text, 1, 7, "20.00"), &[(2, "amount_unreadable")]),
        ("no reference", with(text, 1, 3, ""), &[(2, "reference_odd")]),
        ("a bell in a field", with(text, 2, 10, "\u{7}"), &[(3, "not_plain")]),
    ]
}

fn faulty_frames(text: &str) -> Vec<Faulty> {
    let lines: Vec<&str> = text.lines().collect();
    let cut = format!("{}\n{}\n{}", lines[0], lines[1], &lines[2][..20]);
    let headless = edited(text, |rows| drop(rows.remove(0)));
    let untold = edited(text, |rows| {
        rows[3].remove(3);
    });
    let altered = text.replacen("-1250,0,", "-1251,0,", 1);
    vec![
        ("cut in the middle", cut, &[(3, "cut_off"), (3, "line_fields"), (3, "trailer_missing")]),
        ("its last line feed missing", text.trim_end().to_owned(), &[(4, "cut_off")]),
        ("no trailer", format!("{}\n", lines[..3].join("\n")), &[(3, "trailer_missing")]),
        ("no header", headless, &[(1, "header_missing")]),
        ("another version", with(text, 0, 2, "2"), &[(1, "header_version")]),
        ("another format", with(text, 0, 1, "OTHER"), &[(1, "header_name")]),
        ("something below", format!("{text}D,3\n"), &[(5, "after_trailer")]),
        ("a wrong count of lines", with(text, 3, 1, "3"), &[(4, "line_count")]),
        ("a wrong sum", with(text, 3, 4, "751"), &[(4, "sum_differs")]),
        ("a wrong total", with(text, 3, 2, "ISSUE:1:2001"), &[(4, "total_amount")]),
        ("a wrong count of a type", with(text, 3, 2, "ISSUE:2:2000"), &[(4, "total_count")]),
        ("a total left out", untold, &[(4, "total_missing")]),
        (
            "an amount changed on the way",
            altered,
            &[(4, "total_amount"), (4, "sum_differs"), (4, "digest_differs")],
        ),
        (
            "a wrong digest",
            text.replacen(&text[text.len() - 9..], "00000000\n", 1),
            &[(4, "digest_differs")],
        ),
    ]
}

/// Each is whole; what it is the statement of does not fit.
async fn misplaced(app: &TestApp, paper: &Paper) -> Vec<Faulty> {
    let gap = Paper { sequence: 3, ..paper.clone() };
    let future = Paper { date: app.today().await, ..paper.clone() };
    let unknown = Paper { partner: "nobody".to_owned(), ..paper.clone() };
    let early = Paper { made_at: format!("{}T02:00:00Z", paper.date), ..paper.clone() };
    // What is wrong in the file and what is wrong with it in these books are told together.
    let both = edited(&gap.text(), |rows| rows[2][9] = "NZD".to_owned());
    vec![
        ("a gap in the sequence", gap.text(), &[(1, "sequence_gap")]),
        ("a day that is not over", future.text(), &[(1, "day_not_over")]),
        ("a partner nobody knows", unknown.text(), &[(1, "partner_unknown")]),
        ("made before its day was over", early.text(), &[(1, "made_too_early")]),
        ("wrong in and around it", both, &[(1, "sequence_gap"), (3, "currency_differs")]),
    ]
}

/// Faults as they are told: line and code.
pub fn told(faults: &Value) -> Vec<(u64, &str)> {
    let faults = faults.as_array().unwrap();
    let each = faults.iter();
    each.map(|fault| (fault["line"].as_u64().unwrap(), fault["code"].as_str().unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_faulty_statement_changes_nothing_is_kept_whole_and_told_by_line() {
    let app = TestApp::start().await;
    let paper = a_day(&app, "12.50").await;
    app.until_idle().await;
    let finance = Who::new(Role::Finance);
    let text = paper.text();
    let mut files = faulty_lines(&text);
    files.extend(faulty_frames(&text));
    files.extend(misplaced(&app, &paper).await);
    let everything = edited(&text, |rows| {
        (rows[1][2], rows[1][7]) = ("GIFT".to_owned(), "20.00".to_owned());
        rows[2][9] = "NZD".to_owned();
        rows[3][1] = "9".to_owned();
    });
    files.push((
        "all at once",
        everything,
        &[
            (2, "kind_unknown"),
            (2, "amount_unreadable"),
            (3, "currency_differs"),
            (4, "line_count"),
        ],
    ));
    assert!(files.len() >= 20);
    let (head, unspoken) = (app.head().await, unspoken(&app).await);
    // Twice, the second time to no other effect.
    for (what, file, codes) in files.iter().chain(&files) {
        let answer = bring(&app, &finance, file).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{what}");
        assert_eq!(answer.code(), "statement_faulty", "{what}");
        assert_eq!(told(&answer.body["faults"]), *codes, "{what}");
    }
    app.until_idle().await;
    app.assert_nothing_since(head).await;
    assert_eq!(self::unspoken(&app).await, unspoken);
    let kept: BTreeMap<String, (Vec<u8>, Value)> = kept(&app).await;
    assert_eq!(kept.len(), files.len());
    for (what, file, codes) in &files {
        let (content, faults) = &kept[&digest(file)];
        assert_eq!(content, file.as_bytes(), "{what}");
        assert_eq!(told(faults), *codes, "{what}");
    }
    // The right one is none the worse for it.
    let right = bring(&app, &finance, &text).await;
    assert_eq!(right.status, StatusCode::CREATED, "{:?}", right.body);
    let row = until_compared(&app, &right.body["id"]).await;
    assert_eq!((&row["matched"], &row["open_breaks"]), (&json!(2), &json!(0)));
    let other = Paper { made_at: "2026-12-31T00:00:00Z".to_owned(), ..paper }.text();
    let head = app.head().await;
    let again = bring(&app, &finance, &other).await;
    assert_eq!(told(&again.body["faults"]), [(1, "sequence_repeated")]);
    app.assert_nothing_since(head).await;
    app.finish().await;
}

/// How many movements of ours no statement speaks of.
async fn unspoken(app: &TestApp) -> i64 {
    let count = "SELECT count(*) FROM read.statement_movements WHERE matched_in IS NULL";
    sqlx::query_scalar(count).fetch_one(&app.pool).await.unwrap()
}

/// The refused files, by digest.
async fn kept(app: &TestApp) -> BTreeMap<String, (Vec<u8>, Value)> {
    let refused = "SELECT sha256, content, faults FROM statement_files WHERE statement_id IS NULL";
    let rows: Vec<(String, Vec<u8>, Value)> =
        sqlx::query_as(refused).fetch_all(&app.pool).await.unwrap();
    rows.into_iter().map(|(sha256, content, faults)| (sha256, (content, faults))).collect()
}
