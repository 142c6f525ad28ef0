//! Does the team see what waits, and is what is not allowed refused without an effect?
//!
//! Rows: R6, R4, D4, Q4, C4.

use serde_json::{Value, json};

use super::scenes::*;
use crate::edge::coverage::assert_problem;
use crate::support::{TestApp, Who, anchor};

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_listed_oldest_first_by_state_and_without_codes() {
    let app = TestApp::start().await;
    let (one, two) = (issued(&app).await, failed(&app).await);
    let three = put_off(&app).await;
    let list = async |query: &str| -> (Vec<String>, Value) {
        let answer = app.get(&helper(), &format!("/api/support/rewards{query}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let rewards = answer.body["rewards"].as_array().unwrap();
        let ids = rewards.iter().map(|r| r["reward_id"].as_str().unwrap().to_owned()).collect();
        (ids, answer.body.clone())
    };
    let (all, body) = list("").await;
    assert_eq!(all, [one.id.clone(), two.id.clone(), three.id.clone()]);
    let masked = body["rewards"][0]["code_masked"].as_str().unwrap();
    assert!(masked.starts_with('•') && masked.chars().filter(|c| *c != '•').count() == 4);
    let code = app.book().await[0]["code"].clone();
    assert!(code.is_null() || !body.to_string().contains(code.as_str().unwrap()));
    assert_eq!(list("?state=failed").await.0, vec![two.id.clone()]);
    assert_eq!(list("?state=stuck").await.0, vec![two.id.clone()]);
    assert_eq!(list("?state=issued").await.0, vec![one.id.clone()]);
    let (deferred, body) = list("?state=deferred").await;
    assert_eq!(deferred, vec![three.id.clone()]);
    let reward = &body["rewards"][0];
    assert_eq!(reward["attempt"]["state"], "deferred");
    assert_eq!(reward["attempt"]["attempt_id"], format!("{}/1", three.id));
    assert_eq!(
        (&reward["last_reason"], &reward["amount"]),
        (&json!("rate_limited"), &json!("20.00"))
    );
    let (first, body) = list("?limit=2").await;
    let cursor = body["next_cursor"].as_str().unwrap();
    let (rest, _) = list(&format!("?limit=2&cursor={cursor}")).await;
    assert_eq!((first.len(), rest), (2, vec![three.id.clone()]));
    let wrong = app.get(&helper(), "/api/support/rewards?state=lost").await;
    assert_problem(&wrong, 400, "an unknown state");
    three.act(&app, &helper(), "cancel", json!({})).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_reward_tells_its_whole_story_and_what_can_be_done() {
    let app = TestApp::start().await;
    let scene = failed(&app).await;
    let seen = scene.seen(&app).await;
    let possible: Vec<&str> = seen["possible"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["action"].as_str().unwrap())
        .collect();
    assert_eq!(possible, ["retry", "redirect", "cancel", "reissue"]);
    assert!(
        seen["possible"].as_array().unwrap().iter().all(|p| p["attempt_id"] == scene.attempt_id)
    );
    let history = seen["history"].as_array().unwrap();
    let said = |event: &str| {
        let happened = history.iter().find(|h| h["event"] == event);
        happened.map(|h| h["words"].as_str().unwrap().to_owned()).unwrap_or_default()
    };
    assert_eq!(said("IssuanceRefused"), "woolworths said no: product unavailable.");
    assert_eq!(said("RewardFailed"), "Nobody could give it: no partner left.");
    assert!(history.iter().all(|h| !h["words"].as_str().unwrap().is_empty()));
    let done = scene.act(&app, &helper(), "cancel", json!({})).await;
    assert_eq!(done.status, 200, "{done:?}");
    app.until_idle().await;
    let mine = app.get(&scene.member, &format!("/api/rewards/{}", scene.id)).await;
    let last = mine.body["history"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["event"], &last["actor"]), (&json!("RewardCancelled"), &json!("support")));
    assert!(!mine.body.to_string().contains("rang us"), "the team's words are the team's");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_allowed_is_refused_with_what_to_do_and_changes_nothing() {
    let app = TestApp::start().await;
    let (with, without) = (issued(&app).await, failed(&app).await);
    app.until_idle().await;
    let (head, book) = (app.head().await, app.book().await);
    let who = helper();
    for (action, more) in [
        ("retry", json!({})),
        ("cancel", json!({})),
        ("reissue", json!({})),
        ("redirect", json!({ "partner_id": "coles" })),
        ("resolve", json!({ "outcome": "not_issued" })),
    ] {
        let answer = with.act(&app, &who, action, more).await;
        assert_eq!((answer.status, answer.code()), (409, "not_possible_now"), "{answer:?}");
        assert_eq!(answer.body["status"], "issued");
    }
    let elsewhere = [
        (json!({ "attempt_id": format!("{}/1", without.id) }), "wrong_attempt"),
        (json!({ "attempt_id": format!("{}/3", without.id) }), "wrong_attempt"),
        (json!({ "attempt_id": with.attempt_id }), "wrong_attempt"),
        (json!({ "attempt_id": null }), "wrong_attempt"),
    ];
    for (more, code) in elsewhere {
        let answer = without.act(&app, &who, "retry", more).await;
        assert_eq!((answer.status, answer.code()), (409, code), "{answer:?}");
        assert_eq!(answer.body["present_attempt_id"], without.attempt_id);
    }
    let long = "x".repeat(501);
    for (field, more) in [
        ("reason", json!({ "reason": "" })),
        ("reason", json!({ "reason": "   " })),
        ("reason", json!({ "reason": long })),
        ("reason", json!({ "reason": "two\nlines" })),
        ("reason", json!({ "reason": null })),
        ("attempt_id", json!({ "attempt_id": "2" })),
        ("amount", json!({ "amount": "50.00" })),
    ] {
        let answer = without.act(&app, &who, "retry", more).await;
        assert_eq!((answer.status, answer.code()), (422, "invalid_field"), "{answer:?}");
        assert_eq!(answer.body["field"], field);
    }
    let same = without.act(&app, &who, "redirect", json!({ "partner_id": "coles" })).await;
    assert_eq!((same.status, same.code()), (422, "partner_not_eligible"), "{same:?}");
    let nobody = without.act(&app, &who, "redirect", json!({ "partner_id": "aldi" })).await;
    assert_eq!((nobody.status, nobody.code()), (422, "partner_not_eligible"), "{nobody:?}");
    let missing = Scene { id: uuid::Uuid::now_v7().to_string(), ..without.clone() };
    assert_problem(
        &missing.act(&app, &who, "retry", json!({ "attempt_id": null })).await,
        404,
        "",
    );
    app.assert_nothing_since(head).await;
    assert_eq!(app.book().await, book);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_goes_on_before_an_unknown_outcome_is_settled() {
    let app = TestApp::start().await;
    let (scene, who) = (unknown(&app).await, helper());
    let stream = scene.count(&app, "RewardResumed").await;
    for (action, more) in [
        ("retry", json!({})),
        ("cancel", json!({})),
        ("reissue", json!({})),
        ("void", json!({})),
        ("redirect", json!({ "partner_id": "coles" })),
    ] {
        let answer = scene.act(&app, &who, action, more).await;
        assert_eq!((answer.status, answer.code()), (409, "unsettled"), "{action}: {answer:?}");
        assert_eq!(answer.body["attempt_id"], scene.attempt_id);
    }
    assert_eq!((stream, scene.count(&app, "RewardCancelled").await), (0, 0));
    assert_eq!(scene.seen(&app).await["possible"][0]["action"], "resolve");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_put_off_goes_elsewhere_and_a_credit_only_to_an_account() {
    let app = TestApp::start().await;
    let scene = put_off(&app).await;
    let gone = scene.act(&app, &helper(), "redirect", json!({ "partner_id": "coles" })).await;
    assert_eq!((gone.status, &gone.body["result"]), (200, &json!("redirected")), "{gone:?}");
    let reward = app.until_reward(&scene.member, "month_1", "issued").await;
    assert_eq!(reward["partner_used"], "coles");
    let book = app.book().await;
    assert!(book.len() == 1 && book[0]["partner"] == "coles", "{book:?}");

    let member = Who::member();
    app.set_out(&member, 90).await;
    let waits = app.until_reward(&member, "month_3", "awaiting_account").await;
    let id = waits["id"].as_str().unwrap().to_owned();
    let credit = Scene { member, id, attempt_id: Value::Null };
    let needed = credit.act(&app, &helper(), "redirect", json!({ "partner_id": "agl" })).await;
    assert_eq!((needed.status, needed.code()), (409, "account_needed"), "{needed:?}");
    let cancelled = credit.act(&app, &helper(), "cancel", json!({})).await;
    assert_eq!((cancelled.status, &cancelled.body["attempt_id"]), (200, &Value::Null));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_partner_gives_nothing_for_the_team_either_and_may_still_take_back() {
    let app = TestApp::start().await;
    let given = issued(&app).await;
    let (again, elsewhere) = (failed(&app).await, failed(&app).await);
    let suspend = ["partner", "suspend", "woolworths", "--reason", "tested"];
    assert_eq!(anchor(&app.variables, &suspend, "").await.code, 0);
    app.until_idle().await;
    let to = json!({ "partner_id": "woolworths" });
    let refused = elsewhere.act(&app, &helper(), "redirect", to).await;
    assert_eq!((refused.status, refused.code()), (409, "partner_unavailable"), "{refused:?}");
    for scene in [&elsewhere, &again] {
        let retried = scene.act(&app, &helper(), "retry", json!({})).await;
        assert_eq!(retried.status, 200, "{retried:?}");
    }
    let voided = given.act(&app, &helper(), "void", json!({})).await;
    assert_eq!((voided.status, &voided.body["result"]), (200, &json!("voided")), "{voided:?}");
    given.until(&app, "on_review").await;
    let anew = given.now(&app).await.act(&app, &helper(), "reissue", json!({})).await;
    assert_eq!(anew.status, 200, "{anew:?}");
    for scene in [&given, &again, &elsewhere] {
        scene.until(&app, "issued").await;
        let reward = app.reward(&scene.member, "month_1").await.unwrap();
        assert_eq!(reward["partner_used"], "coles", "{reward}");
    }
    let given_by = |partner: &str, book: &[Value]| {
        book.iter().filter(|voucher| voucher["partner"] == partner).count()
    };
    let book = app.book().await;
    assert_eq!((given_by("woolworths", &book), given_by("coles", &book)), (1, 3));
    app.finish().await;
}
