//! What does a member hear of their reward? That it takes longer, that it is there, that an account
//! is needed, that it ends in a month: each once, in words that tell a lock screen nothing.
//!
//! Rows: U4, M5, C2, C4.

use chrono::{DateTime, Duration, Timelike, Utc};
use reqwest::Method;
use serde_json::json;

use super::mailbox::REFUSED;
use super::{Letter, Mailbox};
use crate::support::{TestApp, Who};
use anchor::access::Role;

pub const CONTACT: &str = "Ring 1800 000 000 and ask for Mei";

/// An Anchor whose mail goes to this server.
pub async fn with_mail(mailbox: &Mailbox) -> TestApp {
    with_mail_at(&mailbox.url()).await
}

pub async fn with_mail_at(url: &str) -> TestApp {
    TestApp::start_with(&[
        ("SMTP_URL", url),
        ("ANCHOR_MAIL_FROM", "Anchor <hello@anchor.example>"),
        ("ANCHOR_SUPPORT_CONTACT", CONTACT),
        ("ANCHOR_SUPPORT_EMAIL", "ana@staff.example ben@staff.example"),
    ])
    .await
}

/// The ledger's time.
pub async fn now(app: &TestApp) -> DateTime<Utc> {
    sqlx::query_scalar("SELECT ledger_now()").fetch_one(&app.pool).await.unwrap()
}

/// The zone in which it is this hour now.
pub async fn zone_where_it_is(app: &TestApp, hour: i64) -> String {
    let ahead = (hour - i64::from(now(app).await.hour()) + 36) % 24 - 12;
    // These names count the other way round.
    let name = if ahead > 0 { format!("Etc/GMT-{ahead}") } else { format!("Etc/GMT+{}", -ahead) };
    name.replace("+0", "")
}

/// A member with an address, at whose place it is this hour, so many days on the way.
pub async fn somebody(app: &TestApp, address: Option<&str>, hour: i64, days: i64) -> Who {
    let member = Who::member();
    let service = Who::new(Role::Service);
    if let Some(address) = address {
        let path = format!("/api/members/{}/contact", member.sub);
        let contact = json!({ "email": address, "name": "Wren" });
        assert_eq!(app.ask(&service, Method::PUT, &path, Some(contact)).await.status, 200);
    }
    let zone = zone_where_it_is(app, hour).await;
    let today = now(app).await.with_timezone(&zone.parse::<chrono_tz::Tz>().unwrap()).date_naive();
    let journey = json!({ "started_on": today - Duration::days(days), "time_zone": zone });
    let path = format!("/api/members/{}/journey", member.sub);
    let told = app.ask(&service, Method::PUT, &path, Some(journey)).await;
    assert_eq!(told.status, 200, "{told:?}");
    member
}

/// How a message to a member stands: state and reason.
pub async fn states(app: &TestApp, member: &Who, kind: &str) -> Vec<(String, Option<String>)> {
    sqlx::query_as("SELECT state, reason FROM messages WHERE audience = $1 AND kind = $2")
        .bind(format!("member:{}", member.sub))
        .bind(kind)
        .fetch_all(&app.pool)
        .await
        .unwrap()
}

/// Waits until the member's one message of this kind stands so.
pub async fn until_message(app: &TestApp, member: &Who, kind: &str, state: &str) {
    app.until(&format!("{kind} is {state}"), async || {
        states(app, member, kind).await.iter().any(|(is, _)| is == state)
    })
    .await;
    assert_eq!(states(app, member, kind).await.len(), 1, "one message of each kind");
}

/// Waits until every message that is due was taken up, and no sender has one in hand: a lease is
/// shorter than five minutes.
pub async fn until_nothing_is_due(app: &TestApp) {
    app.until("what is due was taken up", async || {
        let due = "SELECT count(*) FROM messages
                    WHERE state = 'waiting' AND next_at <= ledger_now() + interval '5 minutes'";
        let due: i64 = sqlx::query_scalar(due).fetch_one(&app.pool).await.unwrap();
        due == 0
    })
    .await;
}

/// What a lock screen shows, and all of the text, say nothing of what Anchor is about.
fn assert_discreet(letter: &Letter) {
    let lock_screen = format!("{} {}", letter.header("from"), letter.subject()).to_lowercase();
    for word in [
        "gambl",
        "bet",
        "recover",
        "clean",
        "sober",
        "milestone",
        "reward",
        "voucher",
        "credit",
        "day",
        "month",
        "$",
        "aud",
        "20",
        "50",
        "woolworths",
        "coles",
        "agl",
        "energy",
        "wren",
        "congrat",
        "well done",
        "expire",
        "hurry",
        "last chance",
        "!",
    ] {
        assert!(!lock_screen.contains(word), "{word}: {lock_screen}");
    }
    let text = letter.text().to_lowercase();
    for word in [
        "gambl",
        "bet ",
        "recover",
        "clean day",
        "sober",
        "milestone",
        "woolworths",
        "coles",
        "congrat",
        "hurry",
        "last chance",
        "urgent",
    ] {
        assert!(!text.contains(word), "{word}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_is_told_once_in_words_that_tell_a_lock_screen_nothing() {
    let mailbox = Mailbox::open();
    let app = with_mail(&mailbox).await;
    let member = somebody(&app, Some("wren@members.example"), 12, 30).await;
    let reward = app.until_reward(&member, "month_1", "issued").await;
    until_message(&app, &member, "issued", "sent").await;
    let letters = mailbox.letters_to("wren@members.example");
    assert_eq!(letters.len(), 1, "{letters:#?}");
    let letter = &letters[0];
    assert_eq!(letter.header("from"), "Anchor <hello@anchor.example>");
    assert_eq!(letter.header("auto-submitted"), "auto-generated");
    let id: String = sqlx::query_scalar("SELECT id::text FROM messages WHERE kind = 'issued'")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(letter.header("message-id"), format!("<{id}@anchor.example>"));
    let text = letter.text();
    for said in ["Hello Wren,", CONTACT, "13 11 14", &app.variables["ANCHOR_PUBLIC_URL"]] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert_discreet(letter);
    let reveal = format!("/api/rewards/{}/reveal", reward["id"].as_str().unwrap());
    let code = app.post(&member, &reveal, json!({})).await.body["code"].clone();
    assert!(!text.contains(code.as_str().unwrap()), "no code in a message");
    app.forward(Duration::hours(1)).await;
    app.until_idle().await;
    assert_eq!(mailbox.letters_to("wren@members.example").len(), 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_longer_is_told_once_and_only_when_it_still_does() {
    let mailbox = Mailbox::open();
    let app = with_mail(&mailbox).await;
    app.fault("woolworths", "rate_limit", 1).await;
    let quick = somebody(&app, Some("quick@members.example"), 12, 30).await;
    app.until("it was put off", async || !states(&app, &quick, "delayed").await.is_empty()).await;
    app.forward(Duration::minutes(1)).await;
    app.until_reward(&quick, "month_1", "issued").await;
    for partner in ["woolworths", "coles"] {
        app.fault(partner, "rate_limit", 1_000).await;
    }
    let slow = somebody(&app, Some("slow@members.example"), 11, 30).await;
    app.until("it was put off", async || !states(&app, &slow, "delayed").await.is_empty()).await;
    app.forward(Duration::minutes(11)).await;
    until_message(&app, &slow, "delayed", "sent").await;
    until_message(&app, &quick, "delayed", "no_longer_so").await;
    until_message(&app, &quick, "issued", "sent").await;
    app.forward(Duration::minutes(70)).await;
    app.until("it was put off again", async || {
        let often = "SELECT count(*) FROM events WHERE event_type = 'IssuanceDeferred'
                        AND payload::jsonb->>'member_id' = $1";
        let often: i64 = sqlx::query_scalar(often)
            .bind(slow.sub.to_string())
            .fetch_one(&app.pool)
            .await
            .unwrap();
        often >= 2
    })
    .await;
    assert_eq!(mailbox.subjects_to("slow@members.example"), ["A short update for you"]);
    assert_eq!(mailbox.subjects_to("quick@members.example"), ["There is something new for you"]);
    for letter in mailbox.letters_to("slow@members.example") {
        assert_discreet(&letter);
    }
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn that_an_account_is_needed_is_told_once_and_that_one_has_to_be_linked_anew() {
    let mailbox = Mailbox::open();
    let app = with_mail(&mailbox).await;
    let address = "wren@members.example";
    let member = somebody(&app, Some(address), 12, 90).await;
    app.until_reward(&member, "month_3", "awaiting_account").await;
    until_message(&app, &member, "account_needed", "sent").await;
    app.forward(Duration::minutes(5)).await;
    let back = app.agree_there(&app.leave_for(&member, "agl").await, ("31415926", "OWL-77")).await;
    assert_eq!(app.come_back(&member, &back).await.status, 200);
    app.until_account(&member, "agl", "verified").await;
    app.until_reward(&member, "month_3", "redeemed").await;
    let lose = "UPDATE keys.member_tokens SET sealed = NULL, lost_why = 'refused'";
    sqlx::query(lose).execute(&app.pool).await.unwrap();
    app.until_account(&member, "agl", "relink_needed").await;
    until_message(&app, &member, "relink_needed", "sent").await;
    let mut subjects = mailbox.subjects_to(address);
    subjects.sort();
    let moment = "When you have a moment";
    let new = "There is something new for you";
    // The first voucher, and the credit.
    assert_eq!(subjects, [new, new, moment, moment]);
    for letter in mailbox.letters_to(address) {
        assert_discreet(&letter);
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_in_a_month_is_told_once_unless_it_is_spent() {
    let mailbox = Mailbox::open();
    let app = with_mail(&mailbox).await;
    let keeps = somebody(&app, Some("keeps@members.example"), 12, 30).await;
    let spends = somebody(&app, Some("spends@members.example"), 12, 30).await;
    let mut rewards = Vec::new();
    for member in [&keeps, &spends] {
        rewards.push(app.until_reward(member, "month_1", "issued").await);
        until_message(&app, member, "issued", "sent").await;
    }
    app.redeem(&rewards[1], "20.00").await;
    app.until_reward(&spends, "month_1", "redeemed").await;
    let due: Vec<(DateTime<Utc>, DateTime<Utc>)> = sqlx::query_as(
        "SELECT m.next_at, (e.payload::jsonb->>'expires_at')::timestamptz
           FROM messages m JOIN events e ON m.cause = 'position:' || e.position
          WHERE m.kind = 'expiring'",
    )
    .fetch_all(&app.pool)
    .await
    .unwrap();
    assert_eq!(due.len(), 2);
    for (at, end) in &due {
        assert_eq!(*end - *at, Duration::days(30));
    }
    let last = due.iter().map(|(at, _)| *at).max().unwrap();
    app.forward(last - now(&app).await - Duration::days(2)).await;
    app.until_idle().await;
    assert!(states(&app, &keeps, "expiring").await[0].0 == "waiting", "not before its day");
    // Two days and one more, so that it is day there at some moment, whatever the hour is here.
    for _ in 0..9 {
        app.forward(Duration::hours(8)).await;
        until_nothing_is_due(&app).await;
    }
    until_message(&app, &keeps, "expiring", "sent").await;
    until_message(&app, &spends, "expiring", "no_longer_so").await;
    let of_the_first = |address: &str| {
        let subjects = mailbox.subjects_to(address);
        subjects.iter().filter(|subject| *subject == "A small reminder").count()
    };
    assert_eq!(of_the_first("keeps@members.example"), 1);
    assert_eq!(of_the_first("spends@members.example"), 0);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_left_no_address_or_one_that_nobody_has_is_settled_and_not_tried_for_ever() {
    let mailbox = Mailbox::open();
    let app = with_mail(&mailbox).await;
    let silent = somebody(&app, None, 12, 30).await;
    let gone = somebody(&app, Some(REFUSED), 12, 30).await;
    until_message(&app, &silent, "issued", "nobody_to_tell").await;
    until_message(&app, &gone, "issued", "refused").await;
    let settled = states(&app, &gone, "issued").await;
    assert_eq!(settled, [("refused".to_owned(), Some("smtp_550".to_owned()))]);
    app.forward(Duration::hours(2)).await;
    app.until_idle().await;
    let tries: Vec<i32> =
        sqlx::query_scalar("SELECT attempts FROM messages WHERE kind = 'issued'")
            .fetch_all(&app.pool)
            .await
            .unwrap();
    assert_eq!(tries, [1, 1]);
    assert!(mailbox.letters().is_empty());
    app.finish().await;
}
