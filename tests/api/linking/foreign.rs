//! Does linking hold at an authorization server that was written by others, with PKCE required and
//! refresh tokens that are good once?
//!
//! Rows: P8, P10, R4, D2. Cases: C18. Threats: T3, T4.

use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use url::Url;

use super::browser::with;
use super::provider::{Provider, WAY_BACK};
use crate::edge::coverage::assert_problem;
use crate::support::{Answer, ServerProcess, TestApp, Who};

const NUMBER: &str = "1234567890";

/// Anchor with a partner whose members agree at the foreign server.
struct Abroad {
    app: TestApp,
    provider: Provider,
    _files: tempfile::TempDir,
}

impl Abroad {
    async fn start() -> Self {
        let (provider, files) = Self::partner();
        let folder = files.path().to_str().unwrap();
        let further = [("ANCHOR_PARTNERS_DIR", folder), ("AGL_REDIRECT_URI", WAY_BACK)];
        Self { app: TestApp::start_with(&further).await, provider, _files: files }
    }

    async fn start_several(count: usize) -> (Self, Vec<ServerProcess>) {
        let (provider, files) = Self::partner();
        let folder = files.path().to_str().unwrap();
        let further = [("ANCHOR_PARTNERS_DIR", folder), ("AGL_REDIRECT_URI", WAY_BACK)];
        let (app, servers) = ServerProcess::start_several_with(count, &further).await;
        (Self { app, provider, _files: files }, servers)
    }

    fn partner() -> (Provider, tempfile::TempDir) {
        let provider = Provider::start();
        let files = tempfile::tempdir().unwrap();
        provider.partner_file(files.path());
        (provider, files)
    }

    async fn back(&self, member: &Who, number: &str) -> Url {
        let journey = self.app.leave_for(member, "agl").await;
        let url = journey.url.as_str();
        assert!(url.starts_with(&format!("{}/auth?", self.provider.issuer)), "{url}");
        assert!(url.contains("code_challenge_method=S256"), "{url}");
        self.provider.agree(url, number).await
    }

    async fn linked(&self, member: &Who) -> Value {
        let back = self.back(member, NUMBER).await;
        let linked = self.app.come_back(member, &back).await;
        assert_eq!(linked.status, 200, "{linked:?}");
        self.app.until_account(member, "agl", "verified").await.unwrap()
    }

    /// Makes the member's token due for another.
    async fn let_token_end(&self) {
        let ended = "UPDATE keys.member_tokens SET renew_at = clock_timestamp() - interval '1 s',
                            ends_at = clock_timestamp() - interval '1 s'";
        sqlx::query(ended).execute(&self.app.pool).await.unwrap();
    }

    /// Makes the token due for another, good as it still is.
    async fn let_token_age(&self) {
        let aged = "UPDATE keys.member_tokens SET renew_at = clock_timestamp() - interval '1 s'";
        sqlx::query(aged).execute(&self.app.pool).await.unwrap();
    }

    async fn tokens_kept(&self) -> i64 {
        let count = "SELECT count(*) FROM keys.member_tokens";
        sqlx::query_scalar(count).fetch_one(&self.app.pool).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_agrees_abroad_comes_back_where_the_partner_knows_and_is_linked_once() {
    let abroad = Abroad::start().await;
    let (app, member) = (&abroad.app, Who::member());
    let back = abroad.back(&member, NUMBER).await;
    assert_eq!(back.path(), "/linked/agl", "the way back that the partner has registered");
    let linked = app.come_back(&member, &back).await;
    assert_eq!((linked.status, &linked.body["linked"]), (200, &json!(true)), "{linked:?}");
    let account = app.until_account(&member, "agl", "verified").await.unwrap();
    assert_eq!(account["account_masked"], "••••••7890", "{account}");

    let again = app.come_back(&member, &back).await;
    assert_eq!(again.code(), "link_not_begun", "a code and a state are good once");
    assert_eq!(app.account_at(&member, "agl").await["verification_status"], "verified");

    let unlinked = app.ask(&member, Method::DELETE, "/api/partners/agl/link", None).await;
    assert_eq!(unlinked.status, 200, "{unlinked:?}");
    app.until_idle().await;
    assert_eq!(abroad.provider.happened().await["revoked"], 1, "given back there");
    assert_eq!(abroad.tokens_kept().await, 0, "and kept nowhere");
    abroad.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_wrong_with_what_comes_back_links_nothing() {
    let abroad = Abroad::start().await;
    let (app, member, other) = (&abroad.app, Who::member(), Who::member());
    app.agree(&member, "link", "agl", true).await;
    app.agree(&other, "link", "agl", true).await;
    app.until_idle().await;
    let refused = |answer: Answer, code: &str, what: &str| {
        assert_problem(&answer, 409, what);
        assert_eq!(answer.code(), code, "{what}");
    };
    let back = abroad.back(&member, NUMBER).await;
    let wrong = app.come_back(&member, &with(&back, "state", Some("wrong"))).await;
    refused(wrong, "link_not_begun", "a wrong state");
    let missing = app.come_back(&member, &with(&back, "state", None)).await;
    refused(missing, "link_not_begun", "no state");
    refused(app.come_back(&other, &back).await, "link_not_begun", "another member's");
    refused(app.come_back(&member, &back).await, "link_not_begun", "used up");

    // Another member's code that was exchanged before, with a state that is good.
    let theirs = abroad.back(&other, "98765432").await;
    assert_eq!(app.come_back(&other, &theirs).await.status, 200);
    let spent = theirs.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    let fresh = abroad.back(&member, NUMBER).await;
    let reused = app.come_back(&member, &with(&fresh, "code", Some(&spent))).await;
    refused(reused, "link_not_completed", "a code that was used");
    let head = app.head().await;

    let used = abroad.back(&member, NUMBER).await;
    let code = used.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    let elsewhere = with(&used, "code", None);
    refused(app.come_back(&member, &elsewhere).await, "link_not_agreed", "no code");
    let fresh = abroad.back(&member, NUMBER).await;
    let crossed = app.come_back(&member, &with(&fresh, "code", Some(&code))).await;
    refused(crossed, "link_not_completed", "the code of another way there: its proof differs");

    let back = abroad.back(&member, NUMBER).await;
    let issuer = with(&back, "iss", Some("https://somebody-else.example"));
    refused(app.come_back(&member, &issuer).await, "link_not_begun", "another issuer");
    let back = abroad.back(&member, NUMBER).await;
    let silent = with(&back, "iss", None);
    refused(app.come_back(&member, &silent).await, "link_not_begun", "one that always says who");
    let back = abroad.back(&member, NUMBER).await;
    let mut origin = back.clone();
    origin.set_path("/api/oauth/origin/callback");
    app.agree(&member, "link", "origin", true).await;
    refused(app.come_back(&member, &origin).await, "link_not_begun", "another partner's");
    app.until_idle().await;
    let since = app.events_since(head).await;
    assert!(since.iter().all(|event| event == "ConsentGiven"), "{since:?}");
    assert_eq!(abroad.tokens_kept().await, 1, "those of the other member");
    abroad.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_refresh_at_once_in_two_processes_one_does_a_hundred_times() {
    let (abroad, servers) = Abroad::start_several(2).await;
    let (app, member) = (&abroad.app, Who::member());
    let account = abroad.linked(&member).await;
    app.agree(&member, "look_up", "agl", true).await;
    let path = format!("/api/accounts/{}/balance", account["id"].as_str().unwrap());
    let token = member.token();
    for round in 0..100 {
        abroad.let_token_end().await;
        let asking = servers.iter().chain(&servers).map(|server| {
            let url = format!("{}{path}", server.base());
            app.http.get(url).bearer_auth(token.expose_secret()).send()
        });
        let answers = futures::future::join_all(asking).await;
        for answer in answers {
            // The token is good; what the sandbox makes of a foreign one is another matter.
            let said = TestApp::answer(answer.unwrap()).await;
            assert_eq!(said.code(), "partner_not_answering", "round {round}: {said:?}");
        }
    }
    let happened = abroad.provider.happened().await;
    assert_eq!(happened, json!({ "refreshed": 100, "revoked": 0, "refused": 0 }));
    assert_eq!(app.account_at(&member, "agl").await["verification_status"], "verified");
    app.until_idle().await;
    for server in servers {
        server.stop().await;
    }
    abroad.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_whose_answer_is_lost_asks_the_member_again_and_their_reward_waits() {
    let abroad = Abroad::start().await;
    let (app, member) = (&abroad.app, Who::member());
    abroad.linked(&member).await;
    abroad.let_token_end().await;
    abroad.provider.lose_next().await;
    app.set_out(&member, 90).await;
    app.until("the member is asked again", async || {
        app.account_at(&member, "agl").await["verification_status"] == "relink_needed"
    })
    .await;
    let reward = app.until_reward(&member, "month_3", "awaiting_account").await;
    assert!(reward["partner_used"].is_null(), "{reward}");
    assert_eq!(app.credits().await.len(), 0, "nothing was ordered");
    assert_eq!(abroad.tokens_kept().await, 0, "a token that may be out of use is destroyed");
    assert_eq!(abroad.provider.happened().await["refreshed"], 1, "and not used again");

    let back = abroad.back(&member, NUMBER).await;
    let linked = app.come_back(&member, &back).await;
    assert_eq!(linked.status, 200, "{linked:?}");
    app.until_reward(&member, "month_3", "issued").await;
    assert_eq!(app.credits().await.len(), 1);
    abroad.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_refreshed_before_it_ends_and_one_whose_refresh_died_is_not_used_again() {
    let abroad = Abroad::start().await;
    let (app, member) = (&abroad.app, Who::member());
    let account = abroad.linked(&member).await;
    app.agree(&member, "look_up", "agl", true).await;
    let path = format!("/api/accounts/{}/balance", account["id"].as_str().unwrap());
    abroad.let_token_age().await;
    app.get(&member, &path).await;
    app.get(&member, &path).await;
    assert_eq!(abroad.provider.happened().await["refreshed"], 1, "with time to spare, and once");

    // A process began another one and died: two minutes ago, as everybody can see.
    abroad.let_token_end().await;
    let died = "UPDATE keys.member_tokens SET refresh_by = gen_random_uuid(),
                       refresh_begun_at = clock_timestamp() - interval '2 minutes'";
    sqlx::query(died).execute(&app.pool).await.unwrap();
    app.until_account(&member, "agl", "relink_needed").await;
    assert_eq!(abroad.provider.happened().await["refreshed"], 1, "the old token is not sent");
    assert_eq!(abroad.tokens_kept().await, 0);
    let asked = app.get(&member, &path).await;
    assert_eq!(asked.code(), "account_not_verified", "{asked:?}");
    abroad.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_without_a_grant_is_agreed_to_once_more_and_never_asked_about_in_our_own_name() {
    let abroad = Abroad::start().await;
    let (app, member) = (&abroad.app, Who::member());
    let account = abroad.linked(&member).await;
    app.agree(&member, "look_up", "agl", true).await;
    sqlx::query("DELETE FROM keys.member_tokens").execute(&app.pool).await.unwrap();
    let path = format!("/api/accounts/{}/balance", account["id"].as_str().unwrap());
    let asked = app.get(&member, &path).await;
    assert_eq!(
        (asked.code(), &asked.body["verification_status"]),
        ("account_not_verified", &json!("relink_needed")),
        "{asked:?}"
    );
    app.set_out(&member, 90).await;
    app.until_reward(&member, "month_3", "awaiting_account").await;
    app.until_account(&member, "agl", "relink_needed").await;
    app.forward(chrono::Duration::minutes(5)).await;
    app.until_idle().await;
    let path = format!("/api/activity?member={}&type=AccountAwaited", member.sub);
    let waits = app.get(&Who::new(anchor::access::Role::Support), &path).await;
    assert_eq!(waits.body["activities"].as_array().unwrap().len(), 1, "it waits once: {waits:?}");
    assert_eq!(app.credits().await.len(), 0);
    abroad.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_is_over_after_ten_minutes_and_the_oldest_of_many_at_once() {
    let abroad = Abroad::start().await;
    let (app, member) = (&abroad.app, Who::member());
    let late = abroad.back(&member, NUMBER).await;
    let aged = "UPDATE keys.link_states SET ends_at = ends_at - interval '10 minutes'";
    sqlx::query(aged).execute(&app.pool).await.unwrap();
    let refused = app.come_back(&member, &late).await;
    assert_eq!((refused.status, refused.code()), (409, "link_not_begun"), "{refused:?}");
    let first = abroad.back(&member, NUMBER).await;
    for _ in 0..8 {
        app.leave_for(&member, "agl").await;
    }
    let states: i64 = sqlx::query_scalar("SELECT count(*) FROM keys.link_states")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(states, 5);
    let refused = app.come_back(&member, &first).await;
    assert_eq!(refused.code(), "link_not_begun", "{refused:?}");
    // The same account under another scope: the partner's file has changed since.
    abroad.linked(&member).await;
    let changed = "UPDATE keys.member_tokens SET scope = 'another one of before'";
    sqlx::query(changed).execute(&app.pool).await.unwrap();
    abroad.linked(&member).await;
    assert_eq!(abroad.tokens_kept().await, 1, "one grant serves a link");
    abroad.app.finish().await;
}
