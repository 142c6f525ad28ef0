//! Rows: Q2, C4.

use std::collections::HashSet;

use actix_web::body::to_bytes;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use serde_json::Value;

use crate::access::AccessError;
use crate::http::problem::{Code, Problem, type_of};

async fn body(response: HttpResponse) -> Value {
    let bytes = to_bytes(response.into_body()).await.expect("a body");
    serde_json::from_slice(&bytes).expect("JSON")
}

#[test]
fn every_code_stands_once_in_the_table_and_says_what_to_do() {
    let mut seen = HashSet::new();
    for code in Code::ALL {
        assert!(seen.insert(code.as_str()), "{} stands twice", code.as_str());
        let is_name = code.as_str().bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        assert!(is_name, "{}", code.as_str());
        assert!(code.status().as_u16() >= 400, "{}", code.as_str());
        for text in [code.title(), code.advice()] {
            assert!(text.chars().next().is_some_and(|c| c.is_uppercase() || c == '`'), "{text}");
        }
        assert!(code.advice().ends_with('.') && !code.title().ends_with('.'));
    }
}

#[actix_web::test]
async fn a_problem_has_all_members_of_the_form() {
    let problem = Problem::new(Code::PartnerUnavailable).fact("available", ["coles"]);
    let response = problem.error_response();
    assert_eq!(response.status(), StatusCode::CONFLICT);
    let kind = response.headers().get("content-type").expect("a content type");
    assert_eq!(kind, "application/problem+json");
    let body = body(response).await;
    assert_eq!(body["type"], type_of(Code::PartnerUnavailable));
    assert_eq!(body["code"], "partner_unavailable");
    assert_eq!(body["status"], 409);
    assert_eq!(body["available"][0], "coles");
    assert!(body["detail"].as_str().is_some_and(|text| text.contains("available")));
}

#[actix_web::test]
async fn what_went_wrong_inside_stays_inside() {
    let inside = std::io::Error::other("password=hunter2");
    let body = body(Problem::internal(&inside).error_response()).await;
    assert!(!body.to_string().contains("hunter2"));
    assert_eq!(body.get("detail"), None);
}

#[test]
fn what_may_pass_says_when_to_come_back() {
    for code in Code::ALL.iter().filter(|code| code.status() == StatusCode::SERVICE_UNAVAILABLE) {
        assert!(Problem::new(*code).error_response().headers().contains_key("retry-after"));
    }
}

#[actix_web::test]
async fn refusals_of_access_are_401_with_the_scheme_or_403_with_the_roles() {
    for error in [AccessError::Missing, AccessError::Expired, AccessError::NotAccepted("x")] {
        let response = error.error_response();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert!(response.headers().contains_key("www-authenticate"));
    }
    let response = AccessError::RoleRequired { needed: vec!["member"] }.error_response();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert_eq!(body(response).await["needed"][0], "member");
}
