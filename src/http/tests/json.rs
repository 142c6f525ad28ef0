//! Rows: Q2, C4.

use actix_web::body::to_bytes;
use actix_web::http::header;
use actix_web::{FromRequest, ResponseError, test::TestRequest};
use serde::Deserialize;
use serde_json::Value;

use crate::http::json::{Json, MAX_BODY_BYTES, day, parse};
use crate::http::problem::Problem;

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wanted {
    name: Option<String>,
    count: Option<u32>,
    inner: Option<Inner>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Inner {
    partner: domain::ids::PartnerId,
}

async fn said(problem: &Problem) -> Value {
    let bytes = to_bytes(problem.error_response().into_body()).await.expect("a body");
    serde_json::from_slice(&bytes).expect("JSON")
}

async fn refused(body: &str) -> Value {
    said(&parse::<Wanted>(body.as_bytes()).expect_err("this body must be refused")).await
}

#[test]
fn an_empty_body_is_an_empty_object() {
    for empty in ["", "  \n", "{}"] {
        assert_eq!(parse::<Wanted>(empty.as_bytes()).expect("accepted"), Wanted::default());
    }
}

#[actix_web::test]
async fn what_is_not_json_is_told_where() {
    let said = refused("{\n  \"name\": oops }").await;
    assert_eq!((&said["code"], &said["line"]), (&"malformed_json".into(), &2.into()));
    for broken in ["{", "nul", "{} {}", "\u{0}", "{\"name\": \"\u{1}\"}"] {
        assert_eq!(refused(broken).await["code"], "malformed_json", "{broken}");
    }
    let not_text = parse::<Wanted>(b"{\"name\": \"\xff\xfe\"}").expect_err("not UTF-8");
    assert_eq!(said_code(&not_text), "malformed_json");
}

fn said_code(problem: &Problem) -> &'static str {
    problem.code().as_str()
}

#[actix_web::test]
async fn a_wrong_field_is_named_and_what_is_expected() {
    let said = refused(r#"{"count": "a secret 4111"}"#).await;
    assert_eq!((&said["code"], &said["field"]), (&"invalid_field".into(), &"count".into()));
    assert_eq!(said["detail"], "Expected u32.");
    let said = refused(r#"{"inner": {"partner": "A Secret"}}"#).await;
    assert_eq!(said["field"], "inner.partner");
    assert_eq!(said["detail"], "Expected 1 to 40 of a-z, 0-9 and -.");
    let said = refused(r#"{"inner": {}}"#).await;
    assert_eq!(
        (&said["field"], &said["code"]),
        (&"inner.partner".into(), &"invalid_field".into())
    );
}

#[actix_web::test]
async fn unknown_fields_are_refused_with_those_there_are() {
    let said = refused(r#"{"amount": 9999}"#).await;
    assert_eq!(said["code"], "invalid_field");
    assert!(said["detail"].as_str().is_some_and(|text| text.contains("`count`")), "{said}");
}

#[actix_web::test]
async fn where_no_field_is_taken_that_is_said() {
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}
    let problem = parse::<Nothing>(br#"{"amount": 9999}"#).expect_err("refused");
    let said = said(&problem).await;
    assert_eq!(
        (&said["field"], said["detail"].as_str()),
        (&"amount".into(), Some("No field is taken here: send {} or nothing."),)
    );
}

#[actix_web::test]
async fn a_day_that_is_none_is_told_what_a_day_looks_like() {
    #[derive(Debug, Deserialize)]
    struct Dated {
        #[serde(deserialize_with = "day")]
        on: chrono::NaiveDate,
    }
    for body in [r#"{"on": 20261122}"#, r#"{"on": null}"#, r#"{"on": "2026-11-31"}"#] {
        let said = said(&parse::<Dated>(body.as_bytes()).expect_err("no day")).await;
        assert_eq!(said["detail"], "Expected a day that exists, such as 2026-11-22.", "{body}");
    }
    let dated = parse::<Dated>(br#"{"on": "2026-11-22"}"#).expect("a day").on;
    assert_eq!(dated.to_string(), "2026-11-22");
}

#[actix_web::test]
async fn nothing_that_was_sent_as_a_value_is_repeated() {
    for body in [
        r#"{"count": "hunter2"}"#,
        r#"{"count": "hunter2, expected hunter2"}"#,
        r#"{"name": {"hunter2": 1}}"#,
        r#"{"inner": {"partner": "hunter2 expected hunter2"}}"#,
        r#"{"hunter2 is my password": 1}"#,
        r#""hunter2""#,
        r#"["hunter2"]"#,
    ] {
        let said = refused(body).await.to_string();
        assert!(!said.contains("hunter2"), "{body} → {said}");
    }
}

async fn sent(request: TestRequest) -> Result<Json<Wanted>, Problem> {
    let (request, mut payload) = request.to_http_parts();
    Json::<Wanted>::from_request(&request, &mut payload).await
}

#[actix_web::test]
async fn a_body_over_the_limit_is_refused_by_its_length_and_by_its_bytes() {
    let long = vec![b' '; MAX_BODY_BYTES + 1];
    let problem = sent(TestRequest::post().set_payload(long)).await.expect_err("too large");
    assert_eq!(said_code(&problem), "too_large");
    let announced = TestRequest::post().insert_header((header::CONTENT_LENGTH, u64::MAX));
    assert_eq!(said_code(&sent(announced).await.expect_err("too large")), "too_large");
}

#[actix_web::test]
async fn another_kind_of_body_is_refused_and_an_unnamed_one_read() {
    let form = TestRequest::post()
        .insert_header((header::CONTENT_TYPE, "application/x-www-form-urlencoded"))
        .set_payload("{}");
    assert_eq!(said_code(&sent(form).await.expect_err("a form")), "unsupported_media_type");
    assert!(sent(TestRequest::post().set_payload("{}")).await.is_ok());
    let named = TestRequest::post()
        .insert_header((header::CONTENT_TYPE, "Application/JSON; charset=utf-8"))
        .set_payload(r#"{"count": 1}"#);
    assert_eq!(sent(named).await.expect("accepted").0.count, Some(1));
}
