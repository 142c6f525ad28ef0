//! Is an order whose answer was lost looked up as soon as a statement speaks of it, and not only
//! when its turn comes?
//!
//! Rows: A2, D4.

use anchor::access::Role;
use chrono::Duration;

use super::paper::{bring, fetch};
use super::until_compared;
use crate::support::{TestApp, Who};

#[tokio::test(flavor = "multi_thread")]
async fn an_order_without_an_answer_is_looked_up_once_a_statement_speaks_of_it() {
    let app = TestApp::start().await;
    app.fault("woolworths", "timeout_after", 1).await;
    let member = Who::member();
    app.set_out(&member, 30).await;
    // Its turn comes in a month only.
    let later = "UPDATE read.reward_todo SET next_at = ledger_now() + interval '30 days'
                  WHERE step = 'resolve' AND lease_owner IS NULL";
    app.until("nobody knows what became of it", async || {
        sqlx::query(later).execute(&app.pool).await.unwrap().rows_affected() == 1
    })
    .await;
    let day = app.today().await;
    app.forward(Duration::days(1)).await;
    let paper = fetch(&app, "woolworths", day).await;
    assert_eq!(paper.lines.len(), 1, "the partner issued it");
    let reward = app.reward(&member, "month_1").await.unwrap();
    assert_ne!(reward["status"], "issued");
    let brought = bring(&app, &Who::new(Role::Finance), &paper.text()).await;
    assert_eq!(brought.status, 201, "{:?}", brought.body);
    let reward = app.until_reward(&member, "month_1", "issued").await;
    let own = &app.book().await[0];
    assert_eq!(reward["distribution_details"]["voucherId"], own["partner_ref"]);
    // What the line speaks of has come, so that nothing is left to look into.
    app.until("nothing is open", async || {
        until_compared(&app, &brought.body["id"]).await["open_breaks"] == 0
    })
    .await;
    app.finish().await;
}
