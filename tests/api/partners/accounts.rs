//! Is an account linked with consent alone, after form, check digit and the partner's word, and for
//! one member?
//!
//! Rows: R4, C1, C4. Threats: T18.

use chrono::Duration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::edge::coverage::assert_problem;
use crate::support::{TestApp, Who};

const NUMBER: &str = "12345678905";

#[tokio::test(flavor = "multi_thread")]
async fn form_and_check_digit_come_first_then_consent_then_the_partners_word() {
    let app = TestApp::start().await;
    let member = Who::member();
    let head = app.head().await;
    for (partner, number, said) in [
        ("energy-australia", "1234", "8 to 13"),
        ("energy-australia", "12345678906", "mistyped"),
        ("myki", "308425123456781", "mistyped"),
        ("opal", "1234567812345678", "begins with 308522"),
        ("origin", "A-5AE579CZ", "begins with A-"),
    ] {
        let refused = app.link(&member, partner, (number, "ABC123")).await;
        assert_problem(&refused, 422, number);
        assert_eq!(refused.body["field"], "accountNumber", "{refused:?}");
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(detail.contains(said) && !detail.contains(number), "{detail}");
    }
    let no_code = app.link(&member, "agl", ("1234567890", "")).await;
    assert_eq!((no_code.status, &no_code.body["field"]), (422, &json!("securityCode")));
    let asked = app.link(&member, "energy-australia", (NUMBER, "ABC123")).await;
    assert_problem(&asked, 409, "not agreed");
    assert_eq!(asked.code(), "consent_required");
    assert_eq!(
        (&asked.body["purpose"], &asked.body["partner_id"]),
        (&json!("link"), &json!("energy-australia"))
    );
    assert!(asked.body["text"].as_str().unwrap().contains("Energy Australia"), "{asked:?}");
    app.assert_nothing_since(head).await;

    app.agree(&member, "link", "energy-australia", true).await;
    let wrong = app.link(&member, "energy-australia", (NUMBER, "0000")).await;
    assert_problem(&wrong, 422, "a wrong code");
    assert_eq!(wrong.code(), "account_not_accepted");
    let linked = app.link(&member, "energy-australia", (NUMBER, "ABC123")).await;
    assert_eq!(linked.status, 200, "{linked:?}");
    let expected = json!({
        "success": true, "partnerId": "energy-australia", "linked": true,
        "message": "Account linked successfully",
    });
    assert_eq!(linked.body, expected);
    let again = app.link(&member, "energy-australia", (NUMBER, "ABC123")).await;
    assert_eq!((again.status, again.body), (200, expected), "the same again is nothing new");
    let other = app.link(&member, "energy-australia", ("400079231", "ABC123")).await;
    assert_eq!(other.code(), "already_linked");
    let account = app.until_account(&member, "energy-australia", "verified").await.unwrap();
    assert_eq!(account["account_masked"], "•••••••8905", "{account}");
    assert!(!account.to_string().contains(NUMBER));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_belongs_to_one_member_and_nobody_learns_whose() {
    let app = TestApp::start().await;
    let (first, second) = (Who::member(), Who::member());
    app.linked(&first, "agl", "1234567890").await;
    app.agree(&second, "link", "agl", true).await;
    let wrong_code = app.link(&second, "agl", ("1234567890", "0000")).await;
    let right_code = app.link(&second, "agl", ("1234567890", "ABC123")).await;
    let without_id = |answer: &crate::support::Answer| {
        let mut body = answer.body.clone();
        body.as_object_mut().unwrap().remove("instance");
        (answer.status, body)
    };
    assert_eq!(right_code.status, 422, "{right_code:?}");
    assert_eq!(without_id(&wrong_code), without_id(&right_code), "the same text");

    let gone = app.ask(&first, Method::DELETE, "/api/partners/agl/link", None).await;
    assert_eq!((gone.status, &gone.body["linked"]), (200, &json!(false)), "{gone:?}");
    let again = app.ask(&first, Method::DELETE, "/api/partners/agl/link", None).await;
    assert_eq!(again.status, 200, "{again:?}");
    let never = app.ask(&first, Method::DELETE, "/api/partners/origin/link", None).await;
    assert_problem(&never, 404, "never linked");
    app.until_account(&first, "agl", "unlinked").await;
    let moved = app.link(&second, "agl", ("1234567890", "ABC123")).await;
    assert_eq!(moved.status, 200, "whoever ended it makes room: {moved:?}");
    app.until_account(&second, "agl", "verified").await;
    let back = app.link(&first, "agl", ("1234567890", "ABC123")).await;
    assert_eq!(back.code(), "account_not_accepted", "and not the other way round");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_claim_one_account_at_once_one_gets_it() {
    let app = TestApp::start().await;
    let members: Vec<Who> = (0..8).map(|_| Who::member()).collect();
    for member in &members {
        app.agree(member, "link", "agl", true).await;
    }
    let links = members.iter().map(|member| app.link(member, "agl", ("1234567890", "ABC123")));
    let answers = futures::future::join_all(links).await;
    let linked = answers.iter().filter(|answer| answer.status == 200).count();
    let refused = answers.iter().filter(|answer| answer.status == 422).count();
    assert_eq!((linked, refused), (1, 7), "{answers:?}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_may_say_so_later() {
    let app = TestApp::start().await;
    let member = Who::member();
    app.agree(&member, "link", "agl", true).await;
    let faults = json!([{ "kind": "slow", "times": 1 }]);
    app.control("faults", json!({ "partner": "agl", "operation": "verify", "faults": faults }))
        .await;
    let waits = app.link(&member, "agl", ("1234567890", "ABC123")).await;
    assert_eq!((waits.status, &waits.body["linked"]), (202, &json!(false)), "{waits:?}");
    app.until_account(&member, "agl", "pending").await;
    app.forward(Duration::seconds(61)).await;
    app.until_account(&member, "agl", "verified").await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_is_on_record_and_taking_it_back_unlinks() {
    let app = TestApp::start().await;
    let member = Who::member();
    let none = app.get(&member, "/api/consents").await;
    assert_eq!((none.status, &none.body["consents"]), (200, &json!([])));
    app.linked(&member, "agl", "1234567890").await;
    let given = app.get(&member, "/api/consents").await.body["consents"][0].clone();
    assert_eq!((&given["purpose"], &given["partner_id"]), (&json!("link"), &json!("agl")));
    assert_eq!((&given["granted"], given["at"].is_string()), (&json!(true), true), "{given}");
    assert!(given["text_version"].is_string());

    app.agree(&member, "link", "agl", false).await;
    app.until_account(&member, "agl", "unlinked").await;
    let taken_back = app.get(&member, "/api/consents").await.body["consents"][0].clone();
    assert_eq!(taken_back["granted"], json!(false), "{taken_back}");
    let refused = app.link(&member, "agl", ("1234567890", "ABC123")).await;
    assert_eq!(refused.code(), "consent_required");

    app.set_out(&member, 90).await;
    app.until_reward(&member, "month_3", "awaiting_account").await;
    app.until_idle().await;
    assert_eq!(app.credits().await, Vec::<Value>::new(), "nothing goes there any more");
    let odd = json!({ "purpose": "fun", "partner_id": "agl", "granted": true });
    let odd = app.ask(&member, Method::PUT, "/api/consents", Some(odd)).await;
    assert_problem(&odd, 422, "no such purpose");
    let odd = json!({ "purpose": "link", "partner_id": "nobody", "granted": true });
    let odd = app.ask(&member, Method::PUT, "/api/consents", Some(odd)).await;
    assert_eq!((odd.status, &odd.body["field"]), (422, &json!("partner_id")));
    app.finish().await;
}
