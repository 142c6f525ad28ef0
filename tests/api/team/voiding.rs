//! Is a voucher taken back when the partner says so, and only then? And what follows?
//!
//! Rows: R6, R2, D4, D6, A1.

use serde_json::{Value, json};

use super::scenes::*;
use crate::support::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_is_taken_back_and_given_anew_and_what_was_spent_stays_spent() {
    let app = TestApp::start().await;
    let scene = issued(&app).await;
    let reward = app.reward(&scene.member, "month_1").await.unwrap();
    app.redeem(&reward, "12.50").await;
    app.until_reward(&scene.member, "month_1", "partly_redeemed").await;
    let voided = scene.act(&app, &helper(), "void", json!({})).await;
    assert_eq!((voided.status, &voided.body["result"]), (200, &json!("voided")), "{voided:?}");
    assert_eq!(app.figures("woolworths").await, ["20.00", "12.50", "7.50", "0.00"]);
    let reveal = format!("/api/rewards/{}/reveal", scene.id);
    assert_eq!(app.post(&scene.member, &reveal, json!({})).await.code(), "nothing_to_reveal");
    let anew = scene.act(&app, &helper(), "reissue", json!({})).await;
    assert_eq!((anew.status, &anew.body["result"]), (200, &json!("goes_on")), "{anew:?}");
    let reward = app.until_reward(&scene.member, "month_1", "issued").await;
    assert_eq!(reward["distribution_details"]["amount"], "7.50");
    assert_eq!(app.post(&scene.member, &reveal, json!({})).await.status, 200);
    let book = app.book().await;
    let states: Vec<&Value> = book.iter().map(|voucher| &voucher["state"]).collect();
    assert_eq!((book.len(), live(&app).await), (2, 1), "{states:?}");
    assert_eq!(app.figures("woolworths").await, ["27.50", "12.50", "7.50", "7.50"]);
    let second = scene.now(&app).await;
    assert_eq!(second.attempt_id, format!("{}/2", scene.id));
    app.redeem(&reward, "7.50").await;
    app.until_reward(&scene.member, "month_1", "redeemed").await;
    let nothing = second.act(&app, &helper(), "void", json!({})).await;
    assert_eq!((nothing.status, nothing.code()), (409, "not_possible_now"), "{nothing:?}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_documented_no_leaves_the_voucher_to_the_member() {
    let app = TestApp::start().await;
    let scene = issued(&app).await;
    fault(&app, ("woolworths", "void"), "refuse", 1).await;
    let kept = scene.act(&app, &helper(), "void", json!({})).await;
    assert_eq!((kept.status, &kept.body["result"]), (200, &json!("refused")), "{kept:?}");
    scene.until(&app, "issued").await;
    app.until("support sees the no", async || scene.seen(&app).await["void_state"] == "refused")
        .await;
    let again = scene.act(&app, &helper(), "void", json!({})).await;
    assert_eq!(again.body["first"]["result"], "refused", "{again:?}");
    assert_eq!(scene.act(&app, &helper(), "reissue", json!({})).await.code(), "not_possible_now");
    let reveal = format!("/api/rewards/{}/reveal", scene.id);
    assert_eq!(app.post(&scene.member, &reveal, json!({})).await.status, 200);
    assert_eq!(live(&app).await, 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_is_asked_again_under_the_same_key_also_after_a_restart() {
    for kind in ["error_500", "drop"] {
        let mut app = TestApp::start().await;
        let scene = issued(&app).await;
        fault(&app, ("woolworths", "void"), kind, 1).await;
        let first = scene.act(&app, &helper(), "void", json!({})).await;
        assert!([200, 202].contains(&first.status), "{kind}: {first:?}");
        app.until("it was not answered", async || {
            scene.count(&app, "VoidOutcomeUnknown").await == 1
        })
        .await;
        app.restart().await;
        app.forward(chrono::Duration::seconds(60)).await;
        scene.until(&app, "on_review").await;
        let counted = (
            scene.count(&app, "VoidRequested").await,
            scene.count(&app, "VoucherVoided").await,
            live(&app).await,
        );
        assert_eq!(counted, (1, 1, 0), "{kind}");
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_void_whose_process_died_before_it_asked_is_found_and_asked() {
    let mut app = TestApp::start().await;
    let scene = issued(&app).await;
    fault(&app, ("woolworths", "void"), "timeout_after", 1).await;
    let path = format!("{}/api/support/rewards/{}/void", app.base, scene.id);
    let body = json!({ "reason": "Lost telephone.", "attempt_id": scene.attempt_id });
    let who = helper();
    let asks = app
        .http
        .post(path)
        .bearer_auth(secrecy::ExposeSecret::expose_secret(&who.token()))
        .json(&body)
        .send();
    let asked = async {
        app.until("the partner took it back", async || live(&app).await == 0).await;
    };
    tokio::select! { _ = asks => {}, () = asked => {} }
    app.until("the partner took it back", async || live(&app).await == 0).await;
    app.restart().await;
    app.forward(chrono::Duration::seconds(120)).await;
    scene.until(&app, "on_review").await;
    assert_eq!(scene.count(&app, "VoucherVoided").await, 1);
    app.finish().await;
}
