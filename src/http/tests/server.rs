//! Rows: Q2, U6, P5.

use std::net::TcpListener;

use chrono::Utc;
use secrecy::SecretString;
use serde_json::Value;
use sqlx::postgres::PgPoolOptions;
use tokio::sync::watch;

use crate::access::{Access, TokenRules};
use crate::http::operations::Metrics;
use crate::http::server::serve;
use crate::http::state::AppState;

struct Running {
    address: String,
    http: reqwest::Client,
    stop: watch::Sender<bool>,
    ended: tokio::task::JoinHandle<std::io::Result<()>>,
}

/// A server whose database does not exist: what needs none must answer all the same.
async fn running() -> Running {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let issuer = "https://project.example/auth/v1".to_owned();
    let secret = SecretString::from("a secret of the tests");
    let nowhere = PgPoolOptions::new()
        .acquire_timeout(std::time::Duration::from_millis(100))
        .connect_lazy("postgres://nobody@127.0.0.1:9/none")
        .expect("lazy");
    let state = AppState {
        access: Access::new(TokenRules::Shared { issuer, secret }, Utc::now),
        pool: nowhere.clone(),
        reads: nowhere,
        metrics: Metrics::new(),
        support_contact: "support@anchor.example".to_owned(),
    };
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let (stop, stopped) = watch::channel(false);
    let ended = tokio::spawn(serve(listener, state, stopped));
    let none = reqwest::redirect::Policy::none();
    let http = reqwest::Client::builder().redirect(none).build().expect("a client");
    Running { address, http, stop, ended }
}

impl Running {
    async fn get(&self, path: &str) -> reqwest::Response {
        self.http.get(format!("{}{path}", self.address)).send().await.expect("an answer")
    }

    async fn stop(self) {
        self.stop.send(true).expect("it runs");
        self.ended.await.expect("it ends").expect("without an error");
    }
}

async fn problem(answer: reqwest::Response) -> (u16, Value) {
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

#[tokio::test(flavor = "multi_thread")]
async fn help_is_there_without_a_database() {
    let server = running().await;
    let answer: Value = server.get("/api/support-services").await.json().await.expect("JSON");
    assert_eq!(answer["emergency"], "000");
    assert_eq!(answer["services"][0]["phone"], "13 11 14");
    assert_eq!(server.get("/health/live").await.status(), 200);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_addresses_and_methods_are_problems_too() {
    let server = running().await;
    let (status, body) = problem(server.get("/api/nothing").await).await;
    assert_eq!((status, &body["code"]), (404, &"not_found".into()));
    assert!(body["instance"].as_str().is_some_and(|id| id.starts_with("urn:uuid:")), "{body}");
    let wrong = server.http.delete(format!("{}/health/live", server.address));
    let answer = wrong.send().await.expect("an answer");
    assert_eq!(answer.headers()["allow"], "GET");
    assert_eq!(problem(answer).await.0, 405);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documentation_comes_from_here_and_may_fetch_from_nowhere_else() {
    let server = running().await;
    let document: Value = server.get("/api/openapi.json").await.json().await.expect("JSON");
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.")));
    assert_eq!(server.get("/docs").await.headers()["location"], "/docs/");
    let page = server.get("/docs/").await;
    assert_eq!(page.status(), 200);
    let policy = page.headers()["content-security-policy"].to_str().expect("text").to_owned();
    assert!(policy.starts_with("default-src 'self'"), "{policy}");
    let page = page.text().await.expect("a page");
    assert!(!page.contains("//cdn") && !page.contains("https://"), "{page}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_measured_names_routes_and_never_addresses() {
    let server = running().await;
    server.get("/health/live?token=a-secret").await;
    server.get("/secret-address").await;
    let measured = server.get("/metrics").await.text().await.expect("text");
    assert!(measured.contains("route=\"/health/live\""), "{measured}");
    assert!(measured.contains("route=\"unmatched\""), "{measured}");
    assert!(!measured.contains("secret"), "{measured}");
    server.stop().await;
}
