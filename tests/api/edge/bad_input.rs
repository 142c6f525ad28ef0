//! What happens to input that is not as it should be? A problem with a code that says what to do,
//! and nothing is written.
//!
//! Rows: Q2, Q4, F5. Threats: T5, T15.

use anchor::access::{NewToken, Role, mint};
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::edge::coverage::{Operation, assert_problem, operations};
use crate::support::{Answer, TestApp, Who};

/// Sends bytes as they are to an operation, as somebody it serves.
async fn send(app: &TestApp, operation: &Operation, kind: &str, body: Vec<u8>) -> Answer {
    let request = app
        .http
        .request(operation.method.clone(), format!("{}{}", app.base, operation.path()))
        .bearer_auth(operation.somebody().token().expose_secret())
        .header("content-type", kind)
        .body(body);
    TestApp::answer(request.send().await.unwrap()).await
}

async fn writing(app: &TestApp) -> Vec<Operation> {
    let mut all = operations(app).await;
    all.retain(|operation| operation.is_closed() && operation.method != Method::GET);
    assert!(all.len() >= 6);
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_not_what_they_should_be_are_refused_and_nothing_is_written() {
    let app = TestApp::start().await;
    app.until_idle().await;
    let head = app.head().await;
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000)).into_bytes();
    let json = "application/json";
    let cases: [(&str, Vec<u8>, u16, &str); 12] = [
        (json, b"{".to_vec(), 400, "malformed_json"),
        (json, b"{\"a\":}".to_vec(), 400, "malformed_json"),
        (json, b"nonsense".to_vec(), 400, "malformed_json"),
        (json, b"{} {}".to_vec(), 400, "malformed_json"),
        (json, vec![0xff, 0xfe, 0x00], 400, "malformed_json"),
        (json, b"{\"\xff\": 1}".to_vec(), 400, "malformed_json"),
        (json, deep, 422, "invalid_field"),
        (json, b"[]".to_vec(), 422, "invalid_field"),
        (json, b"\"text\"".to_vec(), 422, "invalid_field"),
        (json, b"{\"no_such_field\": 1}".to_vec(), 422, "invalid_field"),
        (json, vec![b' '; 70_000], 413, "too_large"),
        ("text/plain", b"{}".to_vec(), 415, "unsupported_media_type"),
    ];
    for operation in writing(&app).await {
        for (kind, body, status, code) in &cases {
            let shown = String::from_utf8_lossy(&body[..body.len().min(20)]).into_owned();
            let what = format!("{} {} {shown}", operation.method, operation.pattern);
            let answer = send(&app, &operation, kind, body.clone()).await;
            if operation.takes_a_file {
                // Whatever its bytes, it is told by line what is wrong with it.
                assert_problem(&answer, 422, &what);
                assert!(!answer.body["faults"].as_array().unwrap().is_empty(), "{answer:?}");
                continue;
            }
            assert_problem(&answer, *status, &what);
            assert_eq!(answer.code(), *code, "{what}: {answer:?}");
        }
    }
    app.assert_nothing_since(head).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_types_are_named_by_their_field_and_never_repeated() {
    let app = TestApp::start().await;
    let (service, member) = (Who::new(Role::Service), Uuid::now_v7());
    let journey = format!("/api/members/{member}/journey");
    let restart = format!("/api/members/{member}/journey/restart");
    let contact = format!("/api/members/{member}/contact");
    let zone = "Australia/Sydney";
    let cases = [
        (&journey, json!({ "started_on": 5, "time_zone": zone }), "started_on"),
        (&journey, json!({ "started_on": "hunter2", "time_zone": zone }), "started_on"),
        (&journey, json!({ "started_on": "2026-02-30", "time_zone": zone }), "started_on"),
        (&journey, json!({ "time_zone": zone }), "started_on"),
        (&journey, json!({ "started_on": "2026-01-01", "time_zone": "hunter2" }), "time_zone"),
        (&journey, json!({ "started_on": "2026-01-01", "time_zone": null }), "time_zone"),
        (
            &journey,
            json!({ "started_on": "2026-01-01", "time_zone": zone, "reason": "hunter2\n2" }),
            "reason",
        ),
        (&restart, json!({ "on": { "hunter2": 1 } }), "on"),
        (&contact, json!({ "email": "hunter2" }), "email"),
        (&contact, json!({ "email": ["hunter2"] }), "email"),
        (&contact, json!({ "name": "hunter2".repeat(40) }), "name"),
        (&contact, json!({ "locale": "hunter2 !" }), "locale"),
    ];
    for (path, body, field) in cases {
        let method = if path == &restart { Method::POST } else { Method::PUT };
        let answer = app.ask(&service, method, path, Some(body.clone())).await;
        assert_problem(&answer, 422, &body.to_string());
        assert_eq!(
            (answer.code(), &answer.body["field"]),
            ("invalid_field", &field.into()),
            "{body}"
        );
        assert!(!answer.body.to_string().contains("hunter2"), "{answer:?}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dates_that_cannot_be_right_are_refused() {
    let app = TestApp::start().await;
    let (service, member) = (Who::new(Role::Service), Uuid::now_v7());
    let path = format!("/api/members/{member}/journey");
    let report = async |day: &str| {
        let journey = json!({ "started_on": day, "time_zone": "Australia/Sydney" });
        app.ask(&service, Method::PUT, &path, Some(journey)).await
    };
    for day in
        ["1999-12-31", "0001-01-01", "-0001-01-01", "2999-01-01", "9999-12-31", "+262142-12-31"]
    {
        let answer = report(day).await;
        assert_problem(&answer, 422, day);
        assert_eq!(answer.code(), "date_not_accepted", "{day}");
    }
    for nonsense in ["", "today", "2026-13-01", "2026-02-30", "20260101T00:00:00Z"] {
        assert_eq!(report(nonsense).await.code(), "invalid_field", "{nonsense}");
    }
    let restart = format!("{path}/restart");
    let on = |day: &str| Some(json!({ "on": day }));
    let early = app.ask(&service, Method::POST, &restart, on("2026-01-01")).await;
    assert_eq!((early.status, early.code()), (409, "no_journey"));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn query_strings_that_are_not_what_they_should_be_are_refused() {
    let app = TestApp::start().await;
    let finance = Who::new(Role::Finance);
    let member = Who::member();
    let cases = [
        (&member, "/api/rewards?limit=0"),
        (&member, "/api/rewards?limit=201"),
        (&member, "/api/rewards?limit=-1"),
        (&member, "/api/rewards?limit=many"),
        (&member, "/api/rewards?status=lost"),
        (&member, "/api/rewards?cursor=garbage"),
        (&member, "/api/rewards?cursor=99999999999999999999_x"),
        (&member, "/api/rewards?stauts=issued"),
        (&member, "/api/rewards?status=%00"),
        (&finance, "/api/partners?type=casino"),
        (&finance, "/api/partners?cursor=%00"),
        (&finance, "/api/activity?from=yesterday"),
        (&finance, "/api/activity?from=+262143-01-01T00:00:00Z"),
        (&finance, "/api/activity?member=me"),
        (&finance, "/api/activity?partner=NOT%20A%20PARTNER"),
        (&finance, "/api/activity?type=%00"),
        (&finance, "/api/activity?cursor=x"),
        (&finance, "/api/reconciliation/summary?as_of=soon"),
        (&finance, "/api/reconciliation/summary?as_of=2999-01-01T00:00:00Z"),
        (&finance, "/api/reconciliation/summary?as_of=-1"),
        (&finance, "/api/reconciliation/summary?from=2026-02-30"),
        (&finance, "/api/reconciliation/summary?to=whenever"),
        (&finance, "/api/reconciliation/summary?from=2026-02-02&to=2026-02-01"),
        (&finance, "/api/activity?from=2026-02-02T00:00:00Z&to=2026-02-01T00:00:00Z"),
    ];
    for (who, path) in cases {
        let answer = app.get(who, path).await;
        assert_problem(&answer, 400, path);
        assert_eq!(answer.code(), "invalid_query", "{path}");
    }
    for (path, expected) in [
        ("/api/rewards?status=issued&limit=many", "`limit`"),
        ("/api/rewards?limit=1&limit=2", "once"),
        ("/api/rewards?stauts=issued", "`status`"),
    ] {
        let detail = app.get(&member, path).await.body["detail"].to_string();
        assert!(detail.contains(expected), "{path}: {detail}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_are_whole_numbers_that_can_be_reached() {
    let app = TestApp::start().await;
    let member = Who::member();
    let ask = async |position: &str| {
        let request = app
            .http
            .get(format!("{}/api/rewards", app.base))
            .bearer_auth(member.token().expose_secret())
            .header("ledger-min-position", position);
        TestApp::answer(request.send().await.unwrap()).await
    };
    for garbage in ["x", "-1", "1.0", "99999999999999999999"] {
        let answer = ask(garbage).await;
        assert_problem(&answer, 400, garbage);
        assert_eq!(answer.code(), "invalid_position", "{garbage}");
    }
    let later = ask("999999999").await;
    assert_problem(&later, 503, "a position that is not there yet");
    assert_eq!(later.code(), "not_yet");
    assert!(later.headers.contains_key("retry-after") && later.body["reached"].is_number());
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_others_or_of_yesterday_are_refused() {
    let app = TestApp::start().await;
    let secret = SecretString::from(app.variables["SUPABASE_JWT_SECRET"].clone());
    let issuer = app.variables["SUPABASE_URL"].clone();
    let token = |secret: &SecretString, issuer: &str, ttl_hours: i64| {
        let new = NewToken {
            sub: Uuid::now_v7(),
            role: Role::Member,
            partner_id: None,
            has_second_factor: true,
            ttl: chrono::Duration::hours(ttl_hours),
        };
        mint(secret, &issuer.parse().unwrap(), &new).unwrap().expose_secret().to_owned()
    };
    let cases = [
        (
            token(&SecretString::from("another-secret-of-thirty-two-chars"), &issuer, 1),
            "token_not_accepted",
        ),
        (token(&secret, "https://elsewhere.example", 1), "token_not_accepted"),
        (token(&secret, &issuer, -1), "token_expired"),
    ];
    for (token, code) in cases {
        let request = app.http.get(format!("{}/api/rewards", app.base)).bearer_auth(&token);
        let answer = TestApp::answer(request.send().await.unwrap()).await;
        assert_problem(&answer, 401, code);
        assert_eq!(answer.code(), code);
        assert!(!answer.body.to_string().contains(&token));
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_and_what_is_somebody_elses_look_the_same() {
    let app = TestApp::start().await;
    let (owner, other) = (Who::member(), Who::member());
    assert_eq!(app.set_out(&owner, 30).await.status, 200);
    let reward = app.until_reward(&owner, "month_1", "issued").await;
    let theirs = reward["id"].as_str().unwrap().to_owned();
    app.until_idle().await;
    let head = app.head().await;
    let plain = |mut answer: Answer| {
        answer.body["instance"] = Value::Null;
        (answer.status, answer.body)
    };
    for (method, end, body) in [
        (Method::GET, "", None),
        (Method::POST, "/claim", Some(json!({ "partnerId": "woolworths" }))),
        (Method::POST, "/reveal", Some(json!({}))),
    ] {
        let absent = format!("/api/rewards/{}{end}", Uuid::now_v7());
        let absent = app.ask(&other, method.clone(), &absent, body.clone()).await;
        let foreign = app.ask(&other, method, &format!("/api/rewards/{theirs}{end}"), body).await;
        assert_problem(&foreign, 404, end);
        assert_eq!(plain(foreign), plain(absent), "{end}");
    }
    app.assert_nothing_since(head).await;
    app.finish().await;
}
