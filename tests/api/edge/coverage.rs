//! Is every operation closed to those it does not serve, and is every one tested? Walks the API
//! document, so that nothing new can be forgotten.
//!
//! Rows: Q2, F5.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anchor::access::Role;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Answer, TestApp, Who};

/// One operation of the API document.
pub struct Operation {
    /// Its method.
    pub method: Method,
    /// Its address as documented, with `{id}`.
    pub pattern: String,
    /// Who may.
    pub roles: Vec<String>,
    /// Whether it is brought a file, of whatever bytes.
    pub takes_a_file: bool,
}

impl Operation {
    /// An address of this pattern that names something of the right form.
    pub fn path(&self) -> String {
        self.path_with(&self.valid_id())
    }

    /// The same with another id.
    pub fn path_with(&self, id: &str) -> String {
        let named = ["{id}", "{partner}", "{kind}"];
        named.into_iter().fold(self.pattern.clone(), |path, name| path.replace(name, id))
    }

    fn valid_id(&self) -> String {
        if self.pattern.starts_with("/api/support/webhooks/") {
            return "woolworths:nothing".to_owned();
        }
        let is_partner = self.pattern.contains("partner");
        if is_partner { "woolworths".to_owned() } else { Uuid::now_v7().to_string() }
    }

    /// Whether it asks for a token.
    pub fn is_closed(&self) -> bool {
        !self.roles.iter().any(|role| role == "anyone" || role == "signature")
    }

    /// Somebody whom it serves.
    pub fn somebody(&self) -> Who {
        let role = self.roles.first().and_then(|role| role.parse().ok());
        Who::new(role.unwrap_or(Role::Member))
    }
}

/// Every operation of the API document.
pub async fn operations(app: &TestApp) -> Vec<Operation> {
    let document = app.http.get(format!("{}/api/openapi.json", app.base)).send().await.unwrap();
    let document: Value = document.json().await.unwrap();
    let mut operations = Vec::new();
    for (pattern, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let roles = operation["x-roles"].as_array().unwrap().iter();
            let wanted = &operation["requestBody"]["content"];
            operations.push(Operation {
                method: method.to_uppercase().parse().unwrap(),
                pattern: pattern.clone(),
                roles: roles.map(|role| role.as_str().unwrap().to_owned()).collect(),
                takes_a_file: !wanted["text/csv"].is_null(),
            });
        }
    }
    assert!(operations.len() > 15, "the document is there");
    operations
}

/// That an answer is a problem with this status, and says what to do.
pub fn assert_problem(answer: &Answer, status: u16, what: &str) {
    assert_eq!(answer.status, status, "{what}: {answer:?}");
    let kind = answer.headers["content-type"].to_str().unwrap();
    assert_eq!(kind, "application/problem+json", "{what}");
    assert_eq!(answer.body["status"], status, "{what}: {answer:?}");
    assert!(!answer.code().is_empty(), "{what}: {answer:?}");
    assert!(answer.body["title"].is_string() && answer.body["detail"].is_string(), "{answer:?}");
}

async fn without_token(app: &TestApp, operation: &Operation, token: Option<&str>) -> Answer {
    let url = format!("{}{}", app.base, operation.path());
    let mut request = app.http.request(operation.method.clone(), url);
    if let Some(token) = token {
        request = request.header("authorization", token);
    }
    TestApp::answer(request.send().await.unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_refuses_a_missing_and_a_bad_token() {
    let app = TestApp::start().await;
    app.until_idle().await;
    let head = app.head().await;
    for operation in operations(&app).await {
        let what = format!("{} {}", operation.method, operation.pattern);
        let missing = without_token(&app, &operation, None).await;
        if !operation.is_closed() {
            let is_signed = operation.roles == ["signature"];
            assert_eq!(missing.status == 401, is_signed, "{what}: {missing:?}");
            assert_ne!(missing.status, 403, "{what}");
            continue;
        }
        assert_problem(&missing, 401, &what);
        assert_eq!(missing.code(), "token_missing", "{what}");
        assert!(missing.headers.contains_key("www-authenticate"), "{what}");
        for token in
            ["Bearer x", "Bearer", "Basic eDp5", "Bearer a.b.c", "eyJhbGciOiJub25lIn0.e30."]
        {
            assert_problem(&without_token(&app, &operation, Some(token)).await, 401, &what);
        }
    }
    app.assert_nothing_since(head).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_refuses_every_other_role() {
    let app = TestApp::start().await;
    app.until_idle().await;
    let head = app.head().await;
    for operation in operations(&app).await.iter().filter(|operation| operation.is_closed()) {
        for role in Role::ALL {
            let what = format!("{role}: {} {}", operation.method, operation.pattern);
            let body = (operation.method != Method::GET).then(|| json!({}));
            let who = Who::new(role);
            let answer = app.ask(&who, operation.method.clone(), &operation.path(), body).await;
            if operation.roles.iter().any(|allowed| allowed == role.as_str()) {
                assert!(![401, 403].contains(&answer.status), "{what}: {answer:?}");
                continue;
            }
            assert_problem(&answer, 403, &what);
            assert_eq!(answer.code(), "role_required", "{what}");
            assert_eq!(answer.body["needed"], json!(operation.roles), "{what}");
        }
    }
    app.assert_nothing_since(head).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_address_answers_ids_that_are_none_and_methods_that_are_not_there() {
    let app = TestApp::start().await;
    let operations = operations(&app).await;
    for operation in &operations {
        let what = format!("{} {}", operation.method, operation.pattern);
        let who = operation.somebody();
        let other = app.ask(&who, Method::PATCH, &operation.path(), None).await;
        assert_problem(&other, 405, &what);
        assert!(other.headers.contains_key("allow"), "{what}");
        if !operation.pattern.contains('{') {
            continue;
        }
        for id in ["x!", "%00", "..%2F..", "%F0%9F%98%80", &"9".repeat(300)] {
            let body = (operation.method != Method::GET).then(|| json!({}));
            let path = operation.path_with(id);
            let answer = app.ask(&who, operation.method.clone(), &path, body).await;
            assert_problem(&answer, 404, &format!("{what} {id}"));
        }
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_is_used_by_a_test() {
    let app = TestApp::start().await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api");
    let mut tests: BTreeMap<String, String> = BTreeMap::new();
    let inside = |folder: &Path| -> Vec<PathBuf> {
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect()
    };
    let places = inside(&folder).into_iter().filter(|place| place.is_dir());
    for place in places.chain([folder.clone()]) {
        for file in inside(&place) {
            if file.extension().is_some_and(|e| e == "rs") && !file.ends_with("coverage.rs") {
                tests.insert(file.display().to_string(), fs::read_to_string(&file).unwrap());
            }
        }
    }
    for operation in operations(&app).await {
        let pieces: Vec<&str> =
            operation.pattern.split(['{', '}']).step_by(2).filter(|p| p.len() > 1).collect();
        let is_used = tests.values().any(|text| pieces.iter().all(|piece| text.contains(piece)));
        assert!(is_used, "no test uses {} {}", operation.method, operation.pattern);
    }
    app.finish().await;
}
