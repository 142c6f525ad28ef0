//! What comes at night waits for the morning where the member lives; and what became of it by then
//! counts.
//!
//! Rows: U4, M4, C2, D6.

use chrono::{Duration, Timelike as _};

use super::Mailbox;
use super::members::{
    now, somebody, states, until_message, until_nothing_is_due, with_mail, with_mail_at,
};

/// Moves the clock by hours, one after the other, until the message stands so; answers after how
/// many.
async fn hours_until_sent(app: &crate::support::TestApp, mailbox: &Mailbox, to: &str) -> i64 {
    for hour in 0..24 {
        if !mailbox.letters_to(to).is_empty() {
            return hour;
        }
        app.forward(Duration::hours(1)).await;
        until_nothing_is_due(app).await;
    }
    24
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_at_night_waits_for_nine_in_the_morning_there() {
    let mailbox = Mailbox::open();
    let app = with_mail(&mailbox).await;
    // Not at the very hour: it could strike while they are being told.
    app.forward(Duration::minutes(i64::from(90 - now(&app).await.minute()) % 60)).await;
    let sleeper = somebody(&app, Some("sleeper@members.example"), 2, 30).await;
    let evening = somebody(&app, Some("evening@members.example"), 21, 30).await;
    let awake = somebody(&app, Some("awake@members.example"), 12, 30).await;
    for member in [&sleeper, &evening, &awake] {
        app.until_reward(member, "month_1", "issued").await;
    }
    until_message(&app, &awake, "issued", "sent").await;
    app.until("the others wait for hours", async || {
        let waiting = "SELECT count(*) FROM messages WHERE kind = 'issued' AND state = 'waiting'
                          AND next_at > ledger_now() + interval '1 hour' AND attempts = 0";
        let waiting: i64 = sqlx::query_scalar(waiting).fetch_one(&app.pool).await.unwrap();
        waiting == 2
    })
    .await;
    assert_eq!(mailbox.letters().len(), 1);
    assert_eq!(hours_until_sent(&app, &mailbox, "sleeper@members.example").await, 7);
    assert!(mailbox.letters_to("evening@members.example").is_empty());
    assert_eq!(hours_until_sent(&app, &mailbox, "evening@members.example").await, 5);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asked_to_be_forgotten_overnight_is_not_written_to_in_the_morning() {
    let mailbox = Mailbox::open();
    let mut app = with_mail(&mailbox).await;
    let member = somebody(&app, Some("wren@members.example"), 2, 30).await;
    app.until_reward(&member, "month_1", "issued").await;
    until_message(&app, &member, "issued", "waiting").await;
    app.stop().await;
    let destroy = "UPDATE keys.member_keys SET wrapped_key = NULL, destroyed_at = now()";
    sqlx::query(destroy).execute(&app.pool).await.unwrap();
    app.restart().await;
    app.forward(Duration::hours(8)).await;
    until_message(&app, &member, "issued", "nobody_to_tell").await;
    assert!(mailbox.letters().is_empty());
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_was_away_gets_each_message_once_it_is_back() {
    let port = Mailbox::free_port();
    let app = with_mail_at(&format!("smtp://anchor:p%40ss@127.0.0.1:{port}")).await;
    let member = somebody(&app, Some("wren@members.example"), 12, 30).await;
    app.until_reward(&member, "month_1", "issued").await;
    let reason = |reason: &str| ("waiting".to_owned(), Some(reason.to_owned()));
    app.until("it was tried in vain", async || {
        states(&app, &member, "issued").await == [reason("not_reached")]
    })
    .await;
    let other = Mailbox::open_at(port, Some(("anchor", "another")));
    app.until("it was tried with what the server does not take", async || {
        app.forward(Duration::minutes(3)).await;
        states(&app, &member, "issued").await == [reason("smtp_535")]
    })
    .await;
    drop(other);
    let mailbox = Mailbox::open_at(port, Some(("anchor", "p@ss")));
    app.until("it has left", async || {
        app.forward(Duration::minutes(3)).await;
        states(&app, &member, "issued").await[0].0 == "sent"
    })
    .await;
    assert_eq!(mailbox.letters().len(), 1);
    app.finish().await;
}
