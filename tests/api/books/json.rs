//! Does a statement that comes as JSON count as the same statement does in CSV?
//!
//! Rows: A2.

use anchor::access::Role;
use serde_json::json;

use super::faults::told;
use super::paper::{bring, bring_as};
use super::{a_day, breaks, until_compared};
use crate::support::{TestApp, Who};

const JSON: &str = "application/json";

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_as_json_is_matched_told_of_and_superseded_like_any_other() {
    let app = TestApp::start().await;
    let paper = a_day(&app, "12.50").await;
    let finance = Who::new(Role::Finance);

    let mut faulty = paper.json();
    faulty["lines"][1]["cents"] = json!(-12.5);
    faulty["lines"][0]["type"] = json!("GIFT");
    let head = app.head().await;
    let refused = bring_as(&app, &finance, (JSON, &faulty.to_string())).await;
    assert_eq!((refused.status, refused.code()), (422, "statement_faulty"));
    let named = [(2, "kind_unknown"), (3, "amount_unreadable"), (4, "digest_differs")];
    assert_eq!(told(&refused.body["faults"]), named);
    app.assert_nothing_since(head).await;

    // Its own bytes count, however they are spaced, and whatever is said about them.
    let text = format!("{:#}", paper.json());
    let brought = bring_as(&app, &finance, ("text/csv", &text)).await;
    assert_eq!(brought.status, 201, "{:?}", brought.body);
    let row = until_compared(&app, &brought.body["id"]).await;
    assert_eq!(
        (&row["lines"], &row["matched"], &row["open_breaks"]),
        (&json!(2), &json!(2), &json!(0))
    );
    let head = app.head().await;
    let again = bring_as(&app, &finance, (JSON, &text)).await;
    assert_eq!((again.status, &again.body["was_known"]), (200, &json!(true)));
    let in_csv = bring(&app, &finance, &paper.text()).await;
    assert_eq!(in_csv.body["faults"][0]["code"], "sequence_repeated");
    app.assert_nothing_since(head).await;

    // A corrected one may come in the other form.
    let mut corrected = paper.clone();
    corrected.sequence = 2;
    corrected.change("REDEEM", |fields| fields[7] = "-1300".to_owned());
    let brought = bring(&app, &finance, &corrected.text()).await;
    assert_eq!(brought.status, 201, "{:?}", brought.body);
    until_compared(&app, &brought.body["id"]).await;
    let found = breaks(&app, "open").await;
    assert_eq!((found.len(), &found[0]["kind"]), (1, &json!("over")), "{found:?}");
    app.finish().await;
}
