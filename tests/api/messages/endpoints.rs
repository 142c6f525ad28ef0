//! Who decides which systems are told, and with which secret?
//!
//! Rows: U4, W2, P9, Q2, F5.

use anchor::access::Role;
use anchor::messages::{MessageSettings, Outbox, StaffNotice};
use chrono::Duration;
use reqwest::Method;
use serde_json::{Value, json};

use super::Receiver;
use super::foreign::verified;
use crate::edge::coverage::assert_problem;
use crate::support::{TestApp, Who};

const ALL: &str = "/api/outgoing-webhooks";

/// Enters a receiver; answers its id and its secret.
pub async fn entered(app: &TestApp, receiver: &Receiver, kinds: &[&str]) -> (String, String) {
    let wish = json!({ "url": receiver.url, "kinds": kinds });
    let answer = app.post(&Who::new(Role::Admin), ALL, wish).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.headers.contains_key("ledger-position"), "{answer:?}");
    let text = |name: &str| answer.body[name].as_str().unwrap().to_owned();
    (text("id"), text("secret"))
}

/// Has something told that only this test tells, to whoever is there to be told.
pub async fn alert(app: &TestApp, cause: &str, subject: &str) {
    let url = app.base.parse().unwrap();
    let (settings, _) = MessageSettings::read(&url, &|_| None);
    let notice = StaffNotice { kind: "of_the_tests", subject, summary: "A test.", cause };
    Outbox::new(app.pool.clone(), &settings).tell_staff(notice).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_is_entered_listed_and_deleted_and_its_secret_is_shown_once() {
    let app = TestApp::start().await;
    let admin = Who::new(Role::Admin);
    let receiver = Receiver::start().await;
    let wish = json!({ "url": receiver.url });
    let answer = app.post(&admin, ALL, wish.clone()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.headers["cache-control"].to_str().unwrap().contains("no-store"));
    let id = answer.body["id"].as_str().unwrap();
    let secret = answer.body["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_") && secret.len() == 6 + 44, "32 bytes in base64");
    assert!(answer.body["kinds"].as_array().unwrap().len() > 5, "all of it");
    let twice = app.post(&admin, ALL, wish).await;
    assert_problem(&twice, 409, "the same address");
    assert_eq!(twice.code(), "endpoint_exists");
    let listed = app.get(&admin, ALL).await;
    assert_eq!(listed.body["outgoing_webhooks"][0]["url"], receiver.url.as_str());
    assert!(!listed.body.to_string().contains("whsec_"), "{listed:?}");
    assert!(listed.headers.contains_key("ledger-position"));
    let kept: String =
        sqlx::query_scalar("SELECT encode(sealed, 'escape') FROM keys.outgoing_secrets")
            .fetch_one(&app.pool)
            .await
            .unwrap();
    assert!(!kept.contains("whsec_") && !kept.contains(&secret[6..]));
    let gone = app.ask(&admin, Method::DELETE, &format!("{ALL}/{id}"), None).await;
    assert_eq!((gone.status, &gone.body["deleted"]), (200, &json!(true)));
    let again = app.ask(&admin, Method::DELETE, &format!("{ALL}/{id}"), None).await;
    assert_problem(&again, 404, "twice");
    for (method, path) in [(Method::GET, "deliveries"), (Method::POST, "rotate")] {
        let body = (method == Method::POST).then(|| json!({}));
        let answer = app.ask(&admin, method, &format!("{ALL}/{id}/{path}"), body).await;
        assert_problem(&answer, 404, path);
    }
    let left = "SELECT count(*) FROM keys.outgoing_secrets";
    let left: i64 = sqlx::query_scalar(left).fetch_one(&app.pool).await.unwrap();
    assert_eq!(left, 0);
    alert(&app, "after it was deleted", "nobody").await;
    app.until_idle().await;
    assert!(receiver.came().is_empty());
    app.finish().await;
    receiver.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_that_could_be_read_on_the_way_and_kinds_that_are_none_are_refused() {
    let app = TestApp::start().await;
    let admin = Who::new(Role::Admin);
    for url in [
        "http://example.com/hooks",
        "https://user:hunter2@example.com/",
        "https://example.com/?token=hunter2",
        "https://example.com/#hunter2",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "hunter2",
        &format!("https://example.com/{}", "a".repeat(2_000)),
    ] {
        let answer = app.post(&admin, ALL, json!({ "url": url })).await;
        assert_problem(&answer, 422, url);
        assert_eq!(answer.body["field"], "url");
        assert!(!answer.body.to_string().contains("hunter2"), "{answer:?}");
    }
    for kinds in [json!([]), json!(["reward.issued", "hunter2"])] {
        let wish = json!({ "url": "https://example.com/hooks", "kinds": kinds });
        let answer = app.post(&admin, ALL, wish).await;
        assert_problem(&answer, 422, "kinds");
        assert_eq!(answer.body["field"], "kinds");
        assert!(!answer.body.to_string().contains("hunter2"), "{answer:?}");
    }
    let listed = app.get(&admin, ALL).await;
    assert_eq!(listed.body["outgoing_webhooks"], json!([]));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn for_a_day_after_a_change_both_secrets_verify_and_then_the_new_one_alone() {
    let app = TestApp::start().await;
    let admin = Who::new(Role::Admin);
    let receiver = Receiver::start().await;
    let (id, old) = entered(&app, &receiver, &["alert.raised"]).await;
    let told = async |cause: &str, count: usize| {
        alert(&app, cause, "anybody").await;
        app.until("it came", async || receiver.came().len() == count).await;
        receiver.came().pop().unwrap()
    };
    let before = told("before", 1).await;
    let changed =
        app.post(&admin, &format!("/api/outgoing-webhooks/{id}/rotate"), json!({})).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let new = changed.body["secret"].as_str().unwrap();
    assert_ne!(new, old);
    let meanwhile = told("meanwhile", 2).await;
    assert_eq!(meanwhile.signature.split(' ').count(), 2, "{}", meanwhile.signature);
    app.forward(Duration::hours(25)).await;
    let after = told("after", 3).await;
    assert_eq!(after.signature.split(' ').count(), 1, "{}", after.signature);
    let by =
        |secret: &str| [&before, &meanwhile, &after].map(|came| verified(secret, came).is_some());
    assert_eq!(by(&old), [true, true, false]);
    assert_eq!(by(new), [false, true, true]);
    app.finish().await;
    receiver.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_is_taken_by_the_packages_of_others_byte_for_byte() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let (_, secret) = entered(&app, &receiver, &["alert.raised", "reward.issued"]).await;
    let odd = "🌱 \u{2028} \"quoted\" \\ ä é \u{7f} Ω 漢字";
    alert(&app, "with everything in it", odd).await;
    let member = Who::member();
    app.set_out(&member, 30).await;
    let reward = app.until_reward(&member, "month_1", "issued").await;
    app.until("both came", async || receiver.came().len() == 2).await;
    let wrong = format!("whsec_{}", "A".repeat(43) + "=");
    for came in receiver.came() {
        assert_eq!(verified(&secret, &came), Some(came.json()));
        assert_eq!(verified(&wrong, &came), None, "a wrong secret is refused");
        let mut changed = came.clone();
        changed.body.push(b' ');
        assert_eq!(verified(&secret, &changed), None, "one byte more is another notice");
    }
    let of = |kind: &str| -> Value {
        let came = receiver.came();
        came.iter().find(|came| came.json()["type"] == kind).unwrap().json()
    };
    assert_eq!(of("alert.raised")["data"]["subject"], odd);
    let issued = of("reward.issued");
    assert_eq!(issued["data"]["reward_id"], reward["id"]);
    assert_eq!(issued["data"]["status"], "issued");
    assert!(issued["data"]["position"].as_i64().unwrap() > 0);
    assert!(issued["data"]["occurred_at"].is_string() && issued["timestamp"].is_string());
    let names: Vec<&String> = issued["data"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["occurred_at", "position", "reward_id", "status"], "and nothing else");
    app.finish().await;
    receiver.stop().await;
}
