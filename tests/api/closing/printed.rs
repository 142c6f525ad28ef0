//! Do all formats say the same, does the terminal tell by its exit code what became of a report,
//! and is nothing closed whose figures are not sound?
//!
//! Rows: A1, A3, A6, U5.

use std::collections::BTreeSet;

use anchor::access::Role;
use serde_json::{Value, json};

use super::{a_month, bytes, path};
use crate::support::{TestApp, Who, anchor};

/// Every sheet's name, then every text, then every number, a line each.
const SHEETS: &str = r#"
import re, sys, zipfile
book = zipfile.ZipFile(sys.argv[1])
read = lambda name: book.read(name).decode()
print("\n".join(re.findall(r'<sheet name="([^"]+)"', read("xl/workbook.xml"))))
print("\n".join(re.findall(r"<t[^>]*>([^<]*)</t>", read("xl/sharedStrings.xml"))))
for name in book.namelist():
    if name.startswith("xl/worksheets/"):
        print("\n".join(re.findall(r"<v>([^<]*)</v></c>", read(name))))
"#;

fn rows<'a>(report: &'a Value, table: &str) -> &'a Vec<Value> {
    report["sections"][table].as_array().unwrap()
}

/// A table's rows by the names of its header.
fn in_csv(text: &str, table: &str) -> Vec<Value> {
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    let first = lines.iter().position(|line| line[0] == table).expect("the table has rows");
    let header = &lines[first - 1];
    assert_eq!(header[0], "section");
    let of_table = lines.iter().filter(|line| line[0] == table);
    let row = |line: &Vec<&str>| -> Value {
        let cells = header.iter().zip(line).skip(1);
        cells.map(|(name, cell)| ((*name).to_owned(), json!(cell))).collect()
    };
    of_table.map(row).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_and_spreadsheets_say_what_programs_are_told() {
    let app = TestApp::start().await;
    let (month, _) = a_month(&app).await;
    let told: Value = serde_json::from_slice(&bytes(&app, &path(month, "json")).await).unwrap();
    let basis = &told["rests_on"];
    let head = app.head().await;
    assert!(basis["position"].as_i64().is_some_and(|at| at > 0 && at <= head), "{basis}");
    let versions = basis["policy_versions"].as_array().unwrap();
    assert_eq!(versions.len(), 1, "the policy under which the voucher was given: {basis}");
    assert!(basis["recorded_at"].is_string() && basis["digest"].is_string(), "{basis}");

    let csv = String::from_utf8(bytes(&app, &path(month, "csv")).await).unwrap();
    for table in ["trial_balance", "roll_forward"] {
        assert!(!rows(&told, table).is_empty());
        assert_eq!(in_csv(&csv, table), *rows(&told, table), "{table}");
    }
    let digest = basis["digest"].as_str().unwrap();
    assert!(csv.contains(&format!("report,digest,{digest}\r\n")), "{csv}");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.xlsx");
    std::fs::write(&file, bytes(&app, &path(month, "xlsx")).await).unwrap();
    let python = std::process::Command::new("python3").args(["-c", SHEETS]).arg(&file).output();
    let python = python.unwrap();
    assert!(python.status.success(), "{}", String::from_utf8_lossy(&python.stderr));
    let found = String::from_utf8(python.stdout).unwrap();
    let found: BTreeSet<&str> = found.lines().collect();
    let sections = told["sections"].as_object().unwrap().keys().map(String::as_str);
    for word in sections.chain([digest]) {
        assert!(found.contains(word), "{word} in {found:?}");
    }
    for row in rows(&told, "trial_balance") {
        assert!(found.contains(row["account"].as_str().unwrap()), "{row}");
        let closing: f64 = row["closing"].as_str().unwrap().parse().unwrap();
        let holds = |cell: &&str| cell.parse::<f64>().is_ok_and(|cell| cell == closing);
        assert!(found.iter().any(holds), "{row} in {found:?}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_is_told_by_the_exit_code_and_what_is_not_sound_is_not_closed() {
    let app = TestApp::start().await;
    let (month, _) = a_month(&app).await;
    let period = month.to_string();
    let report = async |words: &[&str]| anchor(&app.variables, words, "").await;
    for refused in [
        ["report", "weekly", "--period", &period],
        ["report", "monthly", "--period", "2999-01"],
        ["report", "daily", "--period", "2026-W47"],
    ] {
        let ended = report(&refused).await;
        assert_eq!((ended.code, ended.said.as_str()), (3, ""), "{refused:?}: {}", ended.beside);
    }
    assert_eq!(report(&["report", "monthly", "--period", "November"]).await.code, 2);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.json");
    let words =
        ["report", "monthly", "--period", &period, "--out", file.to_str().unwrap(), "--json"];
    let ended = report(&words).await;
    assert_eq!(ended.code, 0, "{}", ended.beside);
    let said: Value = serde_json::from_str(&ended.said).unwrap();
    let kept: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(said["digest"], kept["rests_on"]["digest"]);
    assert_eq!(said["position"], kept["rests_on"]["position"]);
    assert!(rows(&kept, "checks").iter().all(|check| check["result"] == "holds"), "{kept}");

    // What was spent stands in the log twice, as no command would have it.
    let twice = "INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type,
                                     event_version, payload, metadata)
                 SELECT aggregate_type, aggregate_id,
                        (SELECT max(sequence) + 1 FROM events o
                          WHERE o.aggregate_id = e.aggregate_id),
                        event_type, event_version, payload, metadata
                   FROM events e WHERE event_type = 'VoucherRedeemed'";
    assert_eq!(sqlx::query(twice).execute(&app.pool).await.unwrap().rows_affected(), 1);
    let head = app.head().await;
    let reached = "SELECT position FROM checkpoints WHERE schema = 'read' AND name = 'periods'";
    app.until("that is known", async || {
        sqlx::query_scalar::<_, i64>(reached).fetch_one(&app.pool).await.unwrap() >= head
    })
    .await;
    let ended = report(&["report", "monthly", "--period", &period]).await;
    assert_eq!(ended.code, 1, "{}", ended.beside);
    let printed: Value = serde_json::from_str(&ended.said).expect("it is given all the same");
    let broken: Vec<&Value> =
        rows(&printed, "checks").iter().filter(|check| check["result"] != "holds").collect();
    assert!(
        broken
            .iter()
            .any(|check| check["check"] == "face_value" && check["first_position"] == json!(head)),
        "{broken:?}"
    );
    let ended = report(&["period", "close", &period]).await;
    assert_eq!(ended.code, 3, "{}", ended.beside);
    let finance = Who::new(Role::Finance);
    let close = json!({ "period": period });
    let refused = app.post(&finance, "/api/reconciliation/periods", close).await;
    assert_eq!((refused.status, refused.code()), (409, "not_possible_now"), "{refused:?}");
    let closed = "SELECT count(*) FROM events WHERE event_type = 'PeriodClosed'";
    let closed: i64 = sqlx::query_scalar(closed).fetch_one(&app.pool).await.unwrap();
    assert_eq!(closed, 0);
    app.leave().await;
}
