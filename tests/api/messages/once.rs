//! Is everybody told once, also when there are two of us, and when everything is built anew?
//!
//! Rows: U4, A4, D6.

use std::process::Command;

use serde_json::Value;

use super::members::{somebody, until_message, with_mail};
use super::wire::Wire;
use super::{Mailbox, Receiver};
use crate::messages::endpoints::entered;
use crate::support::{ServerProcess, TestApp};

const KINDS: [&str; 4] = ["reward.reached", "reward.issued", "reward.redeemed", "alert.raised"];

/// Everything that left Anchor: letters, notices, what was said to a partner, and what partners
/// have on their books.
async fn left(app: &TestApp, mailbox: &Mailbox, receiver: &Receiver, wire: &Wire) -> Left {
    let book = app.http.get(format!("{}/control/book", app.sandbox_url)).send().await.unwrap();
    Left {
        letters: mailbox.letters().len(),
        notices: receiver.came().len(),
        said: wire.said(),
        book: book.json().await.unwrap(),
    }
}

#[derive(Debug, PartialEq)]
struct Left {
    letters: usize,
    notices: usize,
    said: usize,
    book: Value,
}

fn rebuild_everything(app: &TestApp) {
    let rebuilt = Command::new(env!("CARGO_BIN_EXE_anchor"))
        .args(["rebuild", "--all"])
        .env_clear()
        .envs(&app.variables)
        .current_dir(std::env::temp_dir())
        .output()
        .unwrap();
    assert!(rebuilt.status.success(), "{}", String::from_utf8_lossy(&rebuilt.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_of_everything_sends_no_message_and_calls_no_partner() {
    let (mailbox, wire) = (Mailbox::open(), Wire::lay().await);
    let api = format!("{}/woolworths", wire.url);
    let further = [("SMTP_URL", mailbox.url()), ("WOOLWORTHS_API_URL", api)];
    let app = TestApp::start_with(&further.each_ref().map(|(n, v)| (*n, v.as_str()))).await;
    wire.leads_to(&app.sandbox_url);
    let receiver = Receiver::start().await;
    entered(&app, &receiver, &KINDS).await;
    let member = somebody(&app, Some("wren@members.example"), 12, 90).await;
    let reward = app.until_reward(&member, "month_1", "issued").await;
    app.redeem(&reward, "20.00").await;
    app.until_reward(&member, "month_1", "redeemed").await;
    app.until_reward(&member, "month_3", "awaiting_account").await;
    for kind in ["issued", "account_needed"] {
        until_message(&app, &member, kind, "sent").await;
    }
    app.until("all notices came", async || receiver.came().len() == 4).await;
    app.until_idle().await;
    let before = left(&app, &mailbox, &receiver, &wire).await;
    assert!(before.said > 0 && before.letters == 2, "there is something to repeat: {before:?}");
    for _ in 0..2 {
        rebuild_everything(&app);
    }
    // Something happens that is told to nobody: once that is known, whatever a rebuild had let
    // loose would have come before it.
    let quiet = somebody(&app, Some("quiet@members.example"), 12, 1).await;
    app.until_idle().await;
    app.until("the log was read for people", async || {
        let read = "SELECT position FROM process_checkpoints WHERE name = 'notify'";
        let read: i64 = sqlx::query_scalar(read).fetch_one(&app.pool).await.unwrap();
        read == app.head().await
    })
    .await;
    assert_eq!(left(&app, &mailbox, &receiver, &wire).await, before);
    assert!(app.reward(&quiet, "month_1").await.is_none());
    let other = somebody(&app, Some("other@members.example"), 12, 30).await;
    until_message(&app, &other, "issued", "sent").await;
    app.until("what is new came", async || receiver.came().len() == 6).await;
    let after = left(&app, &mailbox, &receiver, &wire).await;
    assert!(after.letters == before.letters + 1 && after.said > before.said, "{after:?}");
    app.finish().await;
    receiver.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_and_not_written_down_is_sent_once_more_under_the_same_id() {
    let mailbox = Mailbox::open();
    let app = with_mail(&mailbox).await;
    let receiver = Receiver::start().await;
    entered(&app, &receiver, &["reward.issued"]).await;
    let member = somebody(&app, Some("wren@members.example"), 12, 30).await;
    until_message(&app, &member, "issued", "sent").await;
    app.until("it came", async || receiver.came().len() == 1).await;
    app.until("that is written down", async || {
        let left = "SELECT count(*) FROM outgoing_deliveries WHERE state = 'waiting'";
        let left: i64 = sqlx::query_scalar(left).fetch_one(&app.pool).await.unwrap();
        left == 0
    })
    .await;
    // As whoever died in between leaves it, once the lease is over.
    for table in ["messages", "outgoing_deliveries"] {
        let lost = format!(
            "UPDATE {table} SET state = 'waiting', next_at = ledger_now()
              WHERE settled_at IS NOT NULL"
        );
        sqlx::query(&lost).execute(&app.pool).await.unwrap();
    }
    app.until("both came again", async || {
        mailbox.letters().len() == 2 && receiver.came().len() == 2
    })
    .await;
    let letters = mailbox.letters();
    assert_eq!(letters[0].header("message-id"), letters[1].header("message-id"));
    let came = receiver.came();
    assert_eq!((&came[0].id, &came[0].body), (&came[1].id, &came[1].body));
    app.finish().await;
    receiver.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_tell_each_cause_once() {
    const MEMBERS: usize = 12;
    let mailbox = Mailbox::open();
    let url = mailbox.url();
    let further = [("SMTP_URL", url.as_str()), ("ANCHOR_SUPPORT_EMAIL", "ana@staff.example")];
    let (app, servers) = ServerProcess::start_several_with(2, &further).await;
    let receiver = Receiver::start().await;
    entered(&app, &receiver, &["reward.issued"]).await;
    let mut members = Vec::new();
    for n in 0..MEMBERS {
        members.push(somebody(&app, Some(&format!("m{n}@members.example")), 12, 30).await);
    }
    for member in &members {
        app.until_reward(member, "month_1", "issued").await;
        until_message(&app, member, "issued", "sent").await;
    }
    app.until("every notice came", async || receiver.came().len() >= MEMBERS).await;
    app.until_idle().await;
    for n in 0..MEMBERS {
        let subjects = mailbox.subjects_to(&format!("m{n}@members.example"));
        assert_eq!(subjects, ["There is something new for you"], "{n}");
    }
    let mut ids: Vec<String> = receiver.came().into_iter().map(|came| came.id).collect();
    assert_eq!(ids.len(), MEMBERS);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), MEMBERS, "each its own");
    for server in servers {
        server.stop().await;
    }
    app.finish().await;
    receiver.stop().await;
}
