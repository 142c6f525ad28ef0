//! Do support and other systems hear of what needs a person, once per cause?
//!
//! Rows: U4, D3.

use anchor::messages::{MessageSettings, Outbox, StaffNotice};
use serde_json::json;

use super::members::{somebody, with_mail};
use super::{Mailbox, Receiver};
use crate::messages::endpoints::entered;
use crate::staff::alerts::until_alert;
use crate::support::TestApp;

fn outbox(app: &TestApp) -> Outbox {
    let url = app.base.parse().unwrap();
    let (settings, problems) =
        MessageSettings::read(&url, &|name| app.variables.get(name).cloned());
    assert!(problems.is_empty(), "{problems:?}");
    Outbox::new(app.pool.clone(), &settings)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reward_that_failed_is_told_to_each_of_support_and_to_who_wants_alerts() {
    let mailbox = Mailbox::open();
    let app = with_mail(&mailbox).await;
    let receiver = Receiver::start().await;
    entered(&app, &receiver, &["alert.raised", "reward.failed"]).await;
    for partner in ["woolworths", "coles"] {
        app.fault(partner, "refuse", 10).await;
    }
    let member = somebody(&app, Some("wren@members.example"), 12, 30).await;
    let reward = app.until_reward(&member, "month_1", "failed").await;
    let id = reward["id"].as_str().unwrap();
    app.until("both of support have it", async || mailbox.letters().len() == 2).await;
    for address in ["ana@staff.example", "ben@staff.example"] {
        let letters = mailbox.letters_to(address);
        assert_eq!(letters.len(), 1, "{address}");
        assert!(letters[0].subject().starts_with("Anchor needs a person ("));
        let text = letters[0].text();
        assert!(text.contains("reward_failed") && text.contains(id), "{text}");
        assert!(!text.contains("wren") && !text.contains("woolworths"), "{text}");
    }
    app.until("both notices came", async || receiver.came().len() == 2).await;
    assert_eq!((receiver.count("reward.failed"), receiver.count("alert.raised")), (1, 1));
    let alert = receiver.came().into_iter().find(|came| came.json()["type"] == "alert.raised");
    let alert = alert.unwrap().json();
    assert_eq!(alert["data"]["kind"], "reward_failed");
    assert_eq!(alert["data"]["subject"], id);
    app.finish().await;
    receiver.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_cause_is_told_once_however_often_and_by_whomever_it_is_raised() {
    let mailbox = Mailbox::open();
    let app = with_mail(&mailbox).await;
    let receiver = Receiver::start().await;
    entered(&app, &receiver, &["alert.raised"]).await;
    let (one, other) = (outbox(&app), outbox(&app));
    let notice = |cause| StaffNotice {
        kind: "webhook_parked",
        subject: "woolworths",
        summary: "A notice could not be applied.",
        cause,
    };
    let told = tokio::join!(
        one.tell_staff(notice("webhook:woolworths/1")),
        other.tell_staff(notice("webhook:woolworths/1")),
        one.tell_staff(notice("webhook:woolworths/1")),
        other.tell_staff(notice("webhook:woolworths/2")),
    );
    let first = [told.0.unwrap(), told.1.unwrap(), told.2.unwrap()];
    assert_eq!(first.iter().filter(|is_new| **is_new).count(), 1, "{first:?}");
    assert!(told.3.unwrap());
    assert!(!one.tell_staff(notice("webhook:woolworths/1")).await.unwrap());
    app.until("all of it left", async || {
        mailbox.letters().len() == 4 && receiver.came().len() == 2
    })
    .await;
    let body = receiver.came()[0].json();
    assert_eq!(body["data"]["kind"], json!("webhook_parked"));
    app.finish().await;
    receiver.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_mail_server_nothing_waits_and_other_systems_are_told_all_the_same() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    entered(&app, &receiver, &["reward.issued"]).await;
    let member = somebody(&app, Some("wren@members.example"), 12, 30).await;
    app.until_reward(&member, "month_1", "issued").await;
    super::members::until_message(&app, &member, "issued", "no_mail").await;
    app.until("the notice came", async || receiver.came().len() == 1).await;
    app.finish().await;
    receiver.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_a_person_can_settle_is_told_to_each_of_support_once() {
    let mailbox = Mailbox::open();
    let app = with_mail(&mailbox).await;
    let away = json!([{ "kind": "error_500", "times": 1_000 }]);
    let away = json!({ "partner": "woolworths", "operation": "look_up", "faults": away });
    app.control("faults", away).await;
    app.fault("woolworths", "drop", 1).await;
    let member = somebody(&app, None, 12, 30).await;
    app.until("the partner has issued", async || app.book().await.len() == 1).await;
    app.until("it is reached", async || app.reward(&member, "month_1").await.is_some()).await;
    app.forward(chrono::Duration::minutes(70)).await;
    until_alert(&app, "open", "outcome_unknown").await;
    let halted = "UPDATE checkpoints SET state = 'halted', error = 'tested'
                   WHERE name = 'journal' AND schema = 'read'";
    sqlx::query(halted).execute(&app.pool).await.unwrap();
    until_alert(&app, "open", "projection_halted").await;
    let late =
        "INSERT INTO read.reward_history (position, reward_id, event, actor, reason, details,
                                                 occurred_at, recorded_at)
                VALUES (-1, gen_random_uuid(), 'LateIssueFound', 'process:issue_reward', 'tested',
                        '{\"partner_id\": \"coles\"}', now(), now())";
    sqlx::query(late).execute(&app.pool).await.unwrap();
    until_alert(&app, "open", "late_issue").await;

    let kinds = ["outcome_unknown", "projection_halted", "late_issue"];
    let told = |kind: &str| {
        let letters = mailbox.letters();
        letters.iter().filter(|letter| letter.text().contains(kind)).count()
    };
    app.until("both of support have each", async || kinds.iter().all(|kind| told(kind) >= 2))
        .await;
    // The watches go on looking: what they see again is not told again.
    let seen = "SELECT max(seen_at) FROM alerts WHERE kind = 'late_issue'";
    let seen = async || -> chrono::DateTime<chrono::Utc> {
        sqlx::query_scalar(seen).fetch_one(&app.pool).await.unwrap()
    };
    let before = seen().await;
    app.until("it is seen again", async || seen().await > before).await;
    let to_say = "SELECT count(*) FROM messages WHERE kind = ANY($1)";
    let to_say: i64 =
        sqlx::query_scalar(to_say).bind(&kinds[..]).fetch_one(&app.pool).await.unwrap();
    assert_eq!(to_say, 6, "two people, three alerts");
    assert_eq!(kinds.map(told), [2, 2, 2]);
    app.end().await;
}
