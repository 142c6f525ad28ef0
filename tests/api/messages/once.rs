//! Is everybody told once, also when there are two of us, and when everything is built anew?
//!
//! Rows: U4, A4, D6.

use std::process::Command;

use anchor::access::Role;
use serde_json::{Value, json};

use super::members::{somebody, until_message, with_mail};
use super::{Mailbox, Receiver};
use crate::messages::endpoints::entered;
use crate::support::{ServerProcess, TestApp, Who};

const KINDS: [&str; 4] = ["reward.reached", "reward.issued", "reward.redeemed", "alert.raised"];

/// Everything that left Anchor: letters, notices, and what partners have on their books.
async fn left(app: &TestApp, mailbox: &Mailbox, receiver: &Receiver) -> (usize, usize, Value) {
    let book = app.http.get(format!("{}/control/book", app.sandbox_url)).send().await.unwrap();
    (mailbox.letters().len(), receiver.came().len(), book.json().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_of_everything_sends_no_message_and_calls_no_partner() {
    let mailbox = Mailbox::open();
    let app = with_mail(&mailbox).await;
    let receiver = Receiver::start().await;
    let (endpoint, _) = entered(&app, &receiver, &KINDS).await;
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
    let (before, head) = (left(&app, &mailbox, &receiver).await, app.head().await);
    let rows = rows(&app).await;
    for _ in 0..2 {
        let rebuilt = Command::new(env!("CARGO_BIN_EXE_anchor"))
            .args(["rebuild", "--all"])
            .env_clear()
            .envs(&app.variables)
            .current_dir(std::env::temp_dir())
            .output()
            .unwrap();
        assert!(rebuilt.status.success(), "{}", String::from_utf8_lossy(&rebuilt.stderr));
    }
    // Something new happens, and is told: whatever the rebuild had let loose came before it.
    let other = somebody(&app, Some("other@members.example"), 12, 30).await;
    app.until_reward(&other, "month_1", "issued").await;
    until_message(&app, &other, "issued", "sent").await;
    app.until("what is new came", async || receiver.came().len() == 6).await;
    let after = left(&app, &mailbox, &receiver).await;
    assert_eq!(after.0, before.0 + 1, "one letter, to the other");
    assert_eq!(mailbox.letters_to("other@members.example").len(), 1);
    let vouchers = |book: &Value| book["vouchers"].as_array().unwrap().len();
    assert_eq!(vouchers(&after.2), vouchers(&before.2) + 1, "one voucher, the other's");
    assert_eq!(after.2["credits"], before.2["credits"]);
    let of_the_first: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM events WHERE position > $1 AND payload::jsonb->>'member_id' = $2",
    )
    .bind(head)
    .bind(member.sub.to_string())
    .fetch_one(&app.pool)
    .await
    .unwrap();
    assert_eq!(of_the_first, 0, "nothing happened to the first");
    assert_eq!(self::rows(&app).await.len(), rows.len() + 1 + 1, "one message, one reminder");
    let path = format!("/api/outgoing-webhooks/{endpoint}/deliveries");
    let deliveries = app.get(&Who::new(Role::Admin), &path).await;
    let deliveries = deliveries.body["deliveries"].as_array().unwrap();
    assert_eq!(deliveries.len(), 6);
    assert!(deliveries.iter().all(|one| one["attempts"] == json!(1)), "{deliveries:#?}");
    app.finish().await;
    receiver.stop().await;
}

async fn rows(app: &TestApp) -> Vec<String> {
    sqlx::query_scalar("SELECT id::text FROM messages").fetch_all(&app.pool).await.unwrap()
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
