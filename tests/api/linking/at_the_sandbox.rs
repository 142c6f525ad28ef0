//! Is a link made, used, renewed and given back, and can nobody cross or steal one?
//!
//! Rows: P8, R4, C1, D2. Threats: T3.

use reqwest::Method;
use serde_json::json;

use super::browser::{client, with};
use crate::edge::coverage::assert_problem;
use crate::partners::number_at;
use crate::support::{TestApp, Who};

const AGL: (&str, &str) = ("1234567890", "ABC123");

#[tokio::test(flavor = "multi_thread")]
async fn every_partner_that_offers_it_is_linked_by_agreeing_there() {
    let app = TestApp::start().await;
    for partner in ["agl", "energy-australia", "origin", "telstra", "optus", "opal", "myki"] {
        let member = Who::member();
        let journey = app.leave_for(&member, partner).await;
        let back = app.agree_there(&journey, (number_at(partner).unwrap(), "ABC123")).await;
        let linked = app.come_back(&member, &back).await;
        assert_eq!(linked.status, 200, "{partner}: {linked:?}");
        let expected = json!({
            "success": true, "partnerId": partner, "linked": true,
            "message": "Account linked successfully",
        });
        assert_eq!(linked.body, expected);
        let account = app.until_account(&member, partner, "verified").await.unwrap();
        app.agree(&member, "look_up", partner, true).await;
        let path = format!("/api/accounts/{}/balance", account["id"].as_str().unwrap());
        let balance = app.ask(&member, Method::GET, &path, None).await;
        assert_eq!(balance.status, 200, "asked with the member's own token: {balance:?}");
    }
    let member = Who::member();
    app.agree(&member, "link", "woolworths", true).await;
    let path = "/api/partners/woolworths/authorize";
    let refused = app.ask(&member, Method::POST, path, Some(json!({}))).await;
    assert_eq!(refused.code(), "capability_not_supported");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_browser_that_left_may_come_back_without_a_token_and_no_other_may() {
    let app = TestApp::start().await;
    let member = Who::member();
    let journey = app.leave_for(&member, "agl").await;
    let back = app.agree_there(&journey, AGL).await;
    let unknown = TestApp::answer(client().get(back.clone()).send().await.unwrap()).await;
    assert_problem(&unknown, 401, "nobody");
    let page = client()
        .get(back.clone())
        .header("cookie", &journey.cookie)
        .header("accept", "text/html")
        .send()
        .await
        .unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("Account linked successfully"));

    let other = Who::member();
    let theirs = app.leave_for(&other, "agl").await;
    let back = app.agree_there(&theirs, ("1234567891", "ABC123")).await;
    let head = app.head().await;
    let stolen = app.come_back_in_browser(&back, &journey.cookie).await;
    assert_eq!((stolen.status, stolen.code()), (409, "link_not_begun"), "{stolen:?}");
    app.assert_nothing_since(head).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_missing_used_or_somebody_elses_state_links_nothing() {
    let app = TestApp::start().await;
    let (member, other) = (Who::member(), Who::member());
    app.agree(&other, "link", "agl", true).await;
    app.agree(&member, "link", "origin", true).await;
    let head = app.head().await;
    let not_begun = async |who: &Who, back: &url::Url, what: &str| {
        let refused = app.come_back(who, back).await;
        assert_problem(&refused, 409, what);
        assert_eq!(refused.code(), "link_not_begun", "{what}");
    };
    app.agree(&member, "link", "agl", true).await;
    let head = head + 1;
    let back = app.agree_there(&app.leave_for(&member, "agl").await, AGL).await;
    not_begun(&member, &with(&back, "state", Some("made-up")), "a wrong state").await;
    not_begun(&member, &with(&back, "state", None), "no state").await;
    not_begun(&other, &back, "another member's state").await;
    not_begun(&member, &back, "used up by whoever came with it first").await;

    let back = app.agree_there(&app.leave_for(&member, "agl").await, AGL).await;
    let mut elsewhere = back.clone();
    elsewhere.set_path("/api/oauth/origin/callback");
    not_begun(&member, &elsewhere, "another partner's state").await;

    let back = app.agree_there(&app.leave_for(&member, "agl").await, AGL).await;
    let issuer = with(&back, "iss", Some("https://login.somebody-else.example"));
    not_begun(&member, &issuer, "another issuer").await;

    let denied = with(&with(&back, "code", None), "error", Some("access_denied"));
    let journey = app.leave_for(&member, "agl").await;
    let state =
        journey.url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let refused = app.come_back(&member, &with(&denied, "state", Some(&state))).await;
    assert_eq!((refused.status, refused.code()), (409, "link_not_agreed"), "{refused:?}");

    let back = app.agree_there(&app.leave_for(&member, "agl").await, AGL).await;
    let code = with(&back, "code", Some("sbx_code_made_up"));
    let refused = app.come_back(&member, &code).await;
    assert_eq!((refused.status, refused.code()), (409, "link_not_completed"), "{refused:?}");
    app.assert_nothing_since(head).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_ends_gives_back_what_was_agreed_to_however_it_ends() {
    let app = TestApp::start().await;
    for how in ["unlinked", "no longer agreed to"] {
        let member = Who::member();
        let back = app.agree_there(&app.leave_for(&member, "agl").await, AGL).await;
        assert_eq!(app.come_back(&member, &back).await.status, 200);
        let path = "/api/partners/agl/link";
        if how == "unlinked" {
            assert_eq!(app.ask(&member, Method::DELETE, path, None).await.status, 200);
        } else {
            app.agree(&member, "link", "agl", false).await;
        }
        app.until_account(&member, "agl", "unlinked").await;
        app.until_idle().await;
        assert_eq!(tokens_kept(&app).await, 0, "{how}");
        assert_eq!(live_agreements(&app).await, 0, "{how}: the partner was told");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_of_another_member_is_not_linked_by_agreeing_there_either() {
    let app = TestApp::start().await;
    let (first, second) = (Who::member(), Who::member());
    app.linked(&first, "agl", AGL.0).await;
    let back = app.agree_there(&app.leave_for(&second, "agl").await, AGL).await;
    let refused = app.come_back(&second, &back).await;
    assert_eq!((refused.status, refused.code()), (422, "account_not_accepted"), "{refused:?}");
    app.until_idle().await;
    assert_eq!(tokens_kept(&app).await, 0);
    assert_eq!(live_agreements(&app).await, 0, "what came of nothing is given back");
    let other = app.agree_there(&app.leave_for(&first, "agl").await, ("12345678", "ABC123")).await;
    let refused = app.come_back(&first, &other).await;
    assert_eq!(refused.code(), "already_linked", "{refused:?}");
    assert_eq!(live_agreements(&app).await, 0);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_come_back_at_once_are_linked_once_and_agreeing_anew_gives_the_old_back() {
    let app = TestApp::start().await;
    let member = Who::member();
    let one = app.agree_there(&app.leave_for(&member, "agl").await, AGL).await;
    let two = app.agree_there(&app.leave_for(&member, "agl").await, AGL).await;
    let (same, again, other) = tokio::join!(
        app.come_back(&member, &one),
        app.come_back(&member, &one),
        app.come_back(&member, &two),
    );
    let statuses = [same.status, again.status, other.status];
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 2, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 1, "{statuses:?}");
    app.until_idle().await;
    let listed = app.ask(&member, Method::GET, "/api/accounts", None).await;
    assert_eq!(listed.body["accounts"].as_array().unwrap().len(), 1, "{listed:?}");
    assert_eq!(tokens_kept(&app).await, 1);
    assert_eq!(live_agreements(&app).await, 1, "the one that nobody uses is given back");
    app.finish().await;
}

async fn tokens_kept(app: &TestApp) -> i64 {
    let count = "SELECT count(*) FROM keys.member_tokens";
    sqlx::query_scalar(count).fetch_one(&app.pool).await.unwrap()
}

/// How many agreements the sandbox still holds for good.
async fn live_agreements(app: &TestApp) -> usize {
    let agreements = app.agreements().await;
    agreements.iter().filter(|agreement| agreement["has_ended"] == false).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_mistypes_at_the_partner_sees_the_form_again_and_nothing_is_linked() {
    let app = TestApp::start().await;
    let member = Who::member();
    let journey = app.leave_for(&member, "agl").await;
    let wrong = [("account_number", "<b>1</b>"), ("security_code", "9"), ("decision", "agree")];
    let sent = client().post(journey.url.clone()).form(&wrong).send().await.unwrap();
    assert_eq!(sent.status(), 422);
    let page = sent.text().await.unwrap();
    assert!(page.contains("look at both once more") && page.contains("<form"), "{page}");
    assert!(!page.contains("<b>"), "what was typed is not said back: {page}");
    assert_eq!(app.account_at(&member, "agl").await, serde_json::Value::Null);
    let back = app.agree_there(&journey, AGL).await;
    assert_eq!(app.come_back(&member, &back).await.status, 200, "the same way is still open");
    app.finish().await;
}
