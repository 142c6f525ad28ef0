//! What do those see who keep it running, and those who read the documentation?
//!
//! Rows: Q2, P5, U6, C4.

use reqwest::Method;
use serde_json::Value;
use uuid::Uuid;

use crate::edge::coverage::assert_problem;
use crate::support::{TestApp, Who};

async fn fetch(app: &TestApp, path: &str) -> reqwest::Response {
    app.http.get(format!("{}{path}", app.base)).send().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn help_is_there_for_everybody_with_numbers_that_are_right() {
    let app = TestApp::start().await;
    let answer: Value = fetch(&app, "/api/support-services").await.json().await.unwrap();
    assert_eq!(answer["emergency"], "000");
    let services = answer["services"].as_array().unwrap();
    let phone = |id: &str| {
        let found = services.iter().find(|service| service["id"] == id);
        found.unwrap_or_else(|| panic!("{id} is listed"))["phone"].clone()
    };
    assert_eq!(phone("lifeline"), "13 11 14");
    assert_eq!(phone("gambling-help"), "1800 858 858");
    assert_eq!(phone("financial-counsellors-australia"), "1800 007 007");
    assert_eq!(phone("relationships-australia"), Value::Null, "not confirmed, so not shown");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn alive_is_alive_and_ready_says_how_far_everything_is() {
    let app = TestApp::start().await;
    assert_eq!(fetch(&app, "/health/live").await.status(), 200);
    let ready: Value = fetch(&app, "/health/ready").await.json().await.unwrap();
    assert_eq!(ready["status"], "ready");
    let projections = ready["projections"].as_array().unwrap();
    assert!(projections.iter().any(|each| each["name"] == "rewards"), "{ready}");
    sqlx::query("UPDATE checkpoints SET state = 'halted' WHERE name = 'rewards'")
        .execute(&app.pool)
        .await
        .unwrap();
    let halted = TestApp::answer(fetch(&app, "/health/ready").await).await;
    assert_problem(&halted, 503, "a halted read model");
    assert_eq!(halted.code(), "behind");
    sqlx::query(
        "DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)",
    )
    .execute(&app.pool)
    .await
    .unwrap();
    let behind = TestApp::answer(fetch(&app, "/health/ready").await).await;
    assert_eq!((behind.status, behind.code()), (503, "migration_needed"));
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_measured_names_routes_and_never_addresses() {
    let app = TestApp::start().await;
    let id = Uuid::now_v7();
    app.get(&Who::member(), &format!("/api/rewards/{id}?note=hunter2")).await;
    fetch(&app, "/hunter2").await;
    let brew = Method::from_bytes(b"HUNTER2").unwrap();
    app.http.request(brew, format!("{}/health/live", app.base)).send().await.unwrap();
    let measured = fetch(&app, "/metrics").await.text().await.unwrap();
    for expected in [
        "route=\"/api/rewards/{id}\"",
        "route=\"unmatched\"",
        "anchor_http_request_duration_seconds_bucket",
        "anchor_projection_lag_positions{projection=\"rewards\"}",
        "anchor_ledger_head_position",
    ] {
        assert!(measured.contains(expected), "{expected}: {measured}");
    }
    for absent in ["hunter2", "HUNTER2", &id.to_string()] {
        assert!(!measured.contains(absent), "{absent}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documentation_comes_from_here_and_may_fetch_from_nowhere_else() {
    let app = TestApp::start().await;
    let document: Value = fetch(&app, "/api/openapi.json").await.json().await.unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    assert_eq!(document["x-problems"]["not_yet"]["status"], 503);
    let page = fetch(&app, "/docs").await;
    assert_eq!((page.status().as_u16(), page.url().path()), (200, "/docs/"));
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'self'"), "{policy}");
    let page = page.text().await.unwrap();
    assert!(!page.contains("https://") && !page.contains("//cdn"), "{page}");
    let retail: Value = fetch(&app, "/docs/protocols/retail.json").await.json().await.unwrap();
    assert!(retail["paths"]["/vouchers"]["post"].is_object());
    assert_eq!(fetch(&app, "/docs/protocols/nothing.json").await.status(), 404);
    let start = fetch(&app, "/docs/swagger-initializer.js").await.text().await.unwrap();
    assert!(start.contains("/docs/protocols/retail.json"), "{start}");
    assert!(start.contains("/api/openapi.json") && !start.contains("https://"), "{start}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_addresses_are_problems_with_an_id_to_tell_support() {
    let app = TestApp::start().await;
    let answer = TestApp::answer(fetch(&app, "/api/nothing").await).await;
    assert_problem(&answer, 404, "an unknown address");
    let id = answer.headers["x-request-id"].to_str().unwrap();
    assert_eq!(answer.body["instance"], format!("urn:uuid:{id}"));
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    assert_eq!(answer.headers["cache-control"], "no-store");
    app.finish().await;
}
