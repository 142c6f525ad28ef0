//! Is each action done once, when it is asked for twice, and by two people at the same moment?
//!
//! Rows: R6, R2, F1. Threats: T11.

use anchor::access::Role;
use futures::future::join;
use serde_json::{Value, json};

use super::scenes::*;
use crate::support::{Answer, TestApp, Who};

/// An action, what else it is told, the event that it is, and where it is possible.
struct Case {
    action: &'static str,
    more: Value,
    event: &'static str,
    ends_as: &'static str,
}

fn cases() -> Vec<Case> {
    let case = |action, more, event, ends_as| Case { action, more, event, ends_as };
    vec![
        case("retry", json!({}), "RewardResumed", "issued"),
        case("redirect", json!({ "partner_id": "woolworths" }), "PartnerChosen", "issued"),
        case("cancel", json!({}), "RewardCancelled", "cancelled"),
        case("void", json!({}), "VoidRequested", "on_review"),
        case("reissue", json!({}), "RewardResumed", "issued"),
    ]
}

async fn ready_for(app: &TestApp, action: &str) -> Scene {
    match action {
        "void" => issued(app).await,
        "reissue" => taken_back(app).await,
        _ => failed(app).await,
    }
}

/// What was done by people of the team, with their ids.
async fn by_the_team(scene: &Scene, app: &TestApp, event: &str) -> Vec<String> {
    let stream = scene.stream(app).await;
    let of_team = stream.iter().filter(|(name, _, metadata)| {
        name == event && metadata["actor"].as_str().unwrap().starts_with("support:")
    });
    of_team.map(|(_, _, metadata)| metadata["actor"].as_str().unwrap().to_owned()).collect()
}

fn is_already_done(answer: &Answer, first: &Answer) {
    assert_eq!((answer.status, answer.code()), (409, "already_done"), "{answer:?}");
    for name in ["action", "attempt_id", "at", "reward_id"] {
        assert_eq!(answer.body["first"][name], first.body[name], "{name}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_action_by_one_person_twice_has_one_effect() {
    let app = TestApp::start().await;
    for Case { action, more, event, ends_as } in cases() {
        let (scene, who) = (ready_for(&app, action).await, helper());
        let first = scene.act(&app, &who, action, more.clone()).await;
        assert!([200, 202].contains(&first.status), "{action}: {first:?}");
        scene.until(&app, ends_as).await;
        app.until_idle().await;
        let (stream, book) = (scene.stream(&app).await, app.book().await);
        for _ in 0..2 {
            is_already_done(&scene.act(&app, &who, action, more.clone()).await, &first);
        }
        app.until_idle().await;
        assert_eq!(scene.stream(&app).await, stream, "{action}");
        assert_eq!(app.book().await, book, "{action}");
        let actor = format!("support:{}", who.sub);
        assert_eq!(by_the_team(&scene, &app, event).await.last(), Some(&actor), "{action}");
        let (.., metadata) = stream.iter().rfind(|(name, ..)| name == event).unwrap().clone();
        assert_eq!(metadata["reason"], "The member rang us.", "{action}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_action_by_two_people_at_once_has_one_effect() {
    let app = TestApp::start().await;
    for Case { action, more, event, ends_as } in cases() {
        let scene = ready_for(&app, action).await;
        let before = (by_the_team(&scene, &app, event).await.len(), live(&app).await);
        let (one, other) = (helper(), helper());
        let (a, b) = join(
            scene.act(&app, &one, action, more.clone()),
            scene.act(&app, &other, action, more.clone()),
        )
        .await;
        let (first, second, who) = if a.status == 409 { (b, a, other) } else { (a, b, one) };
        assert!([200, 202].contains(&first.status), "{action}: {first:?} {second:?}");
        is_already_done(&second, &first);
        scene.until(&app, ends_as).await;
        app.until_idle().await;
        let done = by_the_team(&scene, &app, event).await;
        assert_eq!(done.len(), before.0 + 1, "{action}: {done:?}");
        assert_eq!(done.last(), Some(&format!("support:{}", who.sub)), "{action}");
        let more_live = live(&app).await as i64 - before.1 as i64;
        let expected = match ends_as {
            "issued" => 1,
            "on_review" => -1,
            _ => 0,
        };
        assert_eq!(more_live, expected, "{action}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_on_an_unknown_outcome_counts_once_however_often_and_by_whom_at_once() {
    let app = TestApp::start().await;
    let word = json!({ "outcome": "not_issued" });
    let scene = unknown(&app).await;
    let (one, other) = (helper(), helper());
    let (a, b) = join(
        scene.act(&app, &one, "resolve", word.clone()),
        scene.act(&app, &one, "resolve", word.clone()),
    )
    .await;
    let (first, second) = if a.status == 409 { (b, a) } else { (a, b) };
    assert_eq!((first.status, second.code()), (202, "same_person"), "{first:?} {second:?}");
    assert_eq!(first.body["status"], "awaiting_second_person");
    assert_eq!(scene.count(&app, "AttestationBegun").await, 1);
    let (a, b) = join(
        scene.act(&app, &other, "resolve", word.clone()),
        scene.act(&app, &helper(), "resolve", word.clone()),
    )
    .await;
    let (done, late) = if a.status == 409 { (b, a) } else { (a, b) };
    assert_eq!((done.status, &done.body["result"]), (200, &json!("attested_not_issued")));
    is_already_done(&late, &done);
    scene.until(&app, "issued").await;
    let attested = scene.count(&app, "OutcomeAttested").await;
    assert_eq!((attested, live(&app).await), (1, 1));

    let scene = unknown(&app).await;
    let (a, b) = join(
        scene.act(&app, &one, "resolve", word.clone()),
        scene.act(&app, &other, "resolve", word.clone()),
    )
    .await;
    assert!([a.status, b.status].iter().all(|status| [200, 202].contains(status)), "{a:?} {b:?}");
    scene.until(&app, "issued").await;
    let counted = (
        scene.count(&app, "AttestationBegun").await,
        scene.count(&app, "OutcomeAttested").await,
        live(&app).await,
    );
    assert_eq!(counted, (1, 1, 2));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_runs_it_all_acts_under_their_own_role_which_is_not_for_the_members_eyes() {
    let app = TestApp::start().await;
    let (scene, admin) = (ready_for(&app, "cancel").await, Who::new(Role::Admin));
    let done = scene.act(&app, &admin, "cancel", json!({})).await;
    assert_eq!(done.status, 200, "{done:?}");
    let stream = scene.stream(&app).await;
    let (.., metadata) = stream.iter().rfind(|(name, ..)| name == "RewardCancelled").unwrap();
    assert_eq!(metadata["actor"], format!("admin:{}", admin.sub));
    app.until_idle().await;
    let path = format!("/api/rewards/{}", scene.id);
    let shown = app.get(&scene.member, &path).await;
    let last = shown.body["history"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["event"], &last["actor"]), (&json!("RewardCancelled"), &json!("support")));
    assert!(!shown.body.to_string().contains("rang us"), "{shown:?}");
    app.finish().await;
}
