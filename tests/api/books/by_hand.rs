//! Can finance take a statement into the books from a terminal, and do the exit codes tell what
//! became of it?
//!
//! Rows: A2, U5.

use serde_json::{Value, json};

use super::paper::fetch;
use super::{a_day, until_compared};
use crate::support::{TestApp, anchor};

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_imported_a_day_is_pulled_and_what_is_faulty_is_told_by_line() {
    let app = TestApp::start().await;
    let paper = a_day(&app, "12.50").await;
    let folder = tempfile::tempdir().unwrap();
    let cut = folder.path().join("cut.csv");
    std::fs::write(&cut, paper.text().trim_end()).unwrap();
    let head = app.head().await;
    let words = ["statement", "import", cut.to_str().unwrap(), "--json"];
    let refused = anchor(&app.variables, &words, "").await;
    assert_eq!(refused.code, 3, "{}", refused.beside);
    let told: Value = serde_json::from_str(&refused.said).unwrap();
    assert_eq!(
        (&told["faults"][0]["line"], &told["faults"][0]["code"]),
        (&json!(4), &json!("cut_off"))
    );
    app.assert_nothing_since(head).await;
    let whole = folder.path().join("whole.csv");
    std::fs::write(&whole, paper.text()).unwrap();
    let words = ["statement", "import", whole.to_str().unwrap(), "--json"];
    for was_known in [false, true] {
        let imported = anchor(&app.variables, &words, "").await;
        assert_eq!(imported.code, 0, "{}", imported.beside);
        let told: Value = serde_json::from_str(&imported.said).unwrap();
        assert_eq!((&told["was_known"], &told["lines"]), (&json!(was_known), &json!(2)));
        let row = until_compared(&app, &told["id"]).await;
        assert_eq!(row["open_breaks"], 0);
    }
    // The next day nothing happened, and the partner says so.
    app.forward(chrono::Duration::days(1)).await;
    let next = fetch(&app, "woolworths", paper.date + chrono::Duration::days(1)).await;
    let date = next.date.to_string();
    let words = ["statement", "pull", "--partner", "woolworths", "--date", &date];
    for said in ["0 lines are in the books", "nobody was asked"] {
        let pulled = anchor(&app.variables, &words, "").await;
        assert_eq!(pulled.code, 0, "{}", pulled.beside);
        assert!(pulled.said.contains(said), "{}", pulled.said);
    }
    let words = ["statement", "pull", "--partner", "woolworths", "--date", "2099-01-01"];
    assert_eq!(anchor(&app.variables, &words, "").await.code, 3, "that day is not over");
    app.finish().await;
}
