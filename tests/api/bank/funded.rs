//! Do ledger, statements and bank agree where we pay for what was spent, and where the partner
//! gives it itself?
//!
//! Rows: A1, A2, A4.

use anchor::access::Role;
use serde_json::{Value, json};

use super::{differences, file, take, three_way, topped_up, unanswered, who_is_paid};
use crate::books::paper::bring;
use crate::books::{a_day, until_compared};
use crate::support::{TestApp, Who};

/// Somebody spends 12.50, and the statement of that day is in the books.
async fn spent_and_stated(app: &TestApp) -> chrono::NaiveDate {
    let paper = a_day(app, "12.50").await;
    let silent = three_way(app, "").await;
    assert_eq!(silent["not_yet_stated"]["redeemed"], "12.50");
    let brought = bring(app, &Who::new(Role::Finance), &paper.text()).await;
    until_compared(app, &brought.body["id"]).await;
    paper.date
}

fn told(kind: &str, amount: &str) -> Vec<(String, String)> {
    vec![(kind.to_owned(), amount.to_owned())]
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_paid_for_what_was_spent_is_owed_that_and_no_cent_more() {
    let app = TestApp::start().await;
    let day = spent_and_stated(&app).await;
    let owed = three_way(&app, "").await;
    assert_eq!(
        (&owed["funding_model"], &owed["unpaid"]),
        (&json!("pay_on_redemption"), &Value::Null)
    );
    assert_eq!((differences(&owed), unanswered(&owed)), (vec![], vec!["bank", "unpaid"]));
    assert_eq!(owed["statements"]["redeemed"], "12.50");
    take(&app, &file(&[topped_up("NAB-1", day, "10.00")])).await;
    app.until("the rest is owed", async || three_way(&app, "").await["unpaid"] == "2.50").await;
    assert_eq!(differences(&three_way(&app, "").await), []);
    take(&app, &file(&[topped_up("NAB-2", day, "2.51")])).await;
    app.until("a cent too much was paid", async || {
        differences(&three_way(&app, "").await) == told("overpaid", "0.01")
    })
    .await;
    assert_eq!(three_way(&app, "").await["unpaid"], "0.00");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_partner_that_gives_it_itself_no_money_passes_and_whatever_does_is_named() {
    let (app, _catalogue) = who_is_paid("partner_funded").await;
    let day = spent_and_stated(&app).await;
    let agreed = three_way(&app, "").await;
    assert_eq!(agreed["funding_model"], "partner_funded");
    assert_eq!(
        (differences(&agreed), &agreed["float"], &agreed["unpaid"]),
        (vec![], &Value::Null, &Value::Null)
    );
    take(&app, &file(&[topped_up("NAB-1", day, "12.50")])).await;
    app.until("our bank has a line that nobody expected", async || {
        differences(&three_way(&app, "").await) == told("bank_line_unexpected", "12.50")
    })
    .await;
    app.finish().await;
}
