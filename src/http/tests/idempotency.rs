//! Rows: F1, C4.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use actix_web::body::{MessageBody, to_bytes};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, init_service};
use actix_web::web::{Data, Path, post, resource};
use actix_web::{App, Error, HttpResponse};
use chrono::Duration;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sqlx::PgPool;
use test_database::TestDatabase;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::access::{Member, NewToken, Role, TokenTrust, mint};
use crate::database::{Role as DatabaseRole, connect};
use crate::http::idempotency::{SavedAnswers, once};
use crate::http::json::Json;

const ISSUER: &str = "https://project.example";

fn secret() -> SecretString {
    SecretString::from("a shared secret of the tests, long enough")
}

fn token(sub: u128) -> String {
    let token = NewToken {
        sub: Uuid::from_u128(sub),
        role: Role::Member,
        partner_id: None,
        has_second_factor: false,
        ttl: Duration::hours(1),
    };
    let token = mint(&secret(), &ISSUER.parse().expect("a url"), &token).expect("minted");
    token.expose_secret().to_owned()
}

/// What the tests' handler does: counts, waits for leave, answers what the path asks for.
#[derive(Clone)]
struct Desk {
    calls: Arc<AtomicU32>,
    leave: Arc<Semaphore>,
}

async fn serve(
    _: Member,
    desk: Data<Desk>,
    what: Path<String>,
    Json(_): Json<serde_json::Map<String, Value>>,
) -> HttpResponse {
    let call = desk.calls.fetch_add(1, Ordering::SeqCst) + 1;
    desk.leave.acquire().await.expect("open").forget();
    match what.as_str() {
        "secret" => HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, "private, no-store"))
            .json(json!({ "code": "4111-secret" })),
        "broken" if call == 1 => HttpResponse::ServiceUnavailable().finish(),
        "refused" => HttpResponse::Conflict().json(json!({ "code": "not_claimable" })),
        _ => {
            HttpResponse::Ok().insert_header(("ledger-position", 42)).json(json!({ "call": call }))
        }
    }
}

struct Fixture {
    desk: Desk,
    pool: PgPool,
    database: TestDatabase,
}

impl Fixture {
    async fn new(leave: usize) -> Self {
        let database = TestDatabase::create().await;
        let pool = connect(&database.url, DatabaseRole::App, 4).await.expect("connects");
        let leave = Arc::new(Semaphore::new(leave));
        Self { desk: Desk { calls: Arc::default(), leave }, pool, database }
    }

    async fn app(
        &self,
    ) -> impl Service<
        actix_http::Request,
        Response = ServiceResponse<impl MessageBody + use<>>,
        Error = Error,
    > + use<> {
        let trust = TokenTrust::new(&ISSUER.parse().expect("a url"), Some(secret()));
        let route = post().to(serve).wrap(from_fn(once));
        init_service(
            App::new()
                .app_data(Data::new(trust.expect("trusted")))
                .app_data(Data::new(SavedAnswers::new(self.pool.clone())))
                .app_data(Data::new(self.desk.clone()))
                .service(resource("/{what}").route(route)),
        )
        .await
    }

    fn calls(&self) -> u32 {
        self.desk.calls.load(Ordering::SeqCst)
    }

    /// Makes everything that is kept look older.
    async fn age(&self, by: &str) {
        sqlx::query("UPDATE idempotent_requests SET begun_at = begun_at - $1::interval")
            .bind(by)
            .execute(&self.pool)
            .await
            .expect("aged");
    }

    async fn end(self) {
        self.pool.close().await;
        self.database.drop().await;
    }
}

fn request(what: &str, key: &str, body: Value) -> TestRequest {
    TestRequest::post()
        .uri(&format!("/{what}"))
        .insert_header(("authorization", format!("Bearer {}", token(1))))
        .insert_header(("idempotency-key", key))
        .set_json(body)
}

#[derive(Debug, PartialEq)]
struct Got {
    status: StatusCode,
    is_replayed: bool,
    position: Option<String>,
    body: Value,
}

async fn send<S, B>(app: &S, request: TestRequest) -> Got
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    let response = app.call(request.to_request()).await.expect("an answer");
    let header = |name: &str| {
        let value = response.headers().get(name)?;
        Some(value.to_str().expect("text").to_owned())
    };
    let (status, is_replayed) = (response.status(), header("idempotency-replayed").is_some());
    let position = header("ledger-position");
    let bytes = to_bytes(response.into_body()).await.unwrap_or_default();
    Got { status, is_replayed, position, body: serde_json::from_slice(&bytes).unwrap_or_default() }
}

#[actix_web::test]
async fn the_same_key_and_body_get_the_same_answer_and_happen_once() {
    let fixture = Fixture::new(9).await;
    let app = fixture.app().await;
    let first = send(&app, request("thing", "k-1", json!({}))).await;
    let again = send(&app, request("thing", "\"k-1\"", json!({}))).await;
    assert_eq!((first.status, first.is_replayed), (StatusCode::OK, false));
    assert_eq!(first.position.as_deref(), Some("42"));
    assert_eq!(again, Got { is_replayed: true, ..first });
    assert_eq!(fixture.calls(), 1);
    fixture.end().await;
}

#[actix_web::test]
async fn a_refusal_is_an_answer_too() {
    let fixture = Fixture::new(9).await;
    let app = fixture.app().await;
    let first = send(&app, request("refused", "k-1", json!({}))).await;
    let again = send(&app, request("refused", "k-1", json!({}))).await;
    assert_eq!((first.status, again.status), (StatusCode::CONFLICT, StatusCode::CONFLICT));
    assert!(again.is_replayed);
    assert_eq!((fixture.calls(), &again.body), (1, &first.body));
    fixture.end().await;
}

#[actix_web::test]
async fn the_same_key_with_another_body_is_refused() {
    let fixture = Fixture::new(9).await;
    let app = fixture.app().await;
    send(&app, request("thing", "k-1", json!({ "amount": 1 }))).await;
    let other = send(&app, request("thing", "k-1", json!({ "amount": 2 }))).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(other.body["code"], "idempotency_key_reused");
    assert_eq!(fixture.calls(), 1);
    fixture.end().await;
}

#[actix_web::test]
async fn a_key_belongs_to_one_person_and_one_address() {
    let fixture = Fixture::new(9).await;
    let app = fixture.app().await;
    send(&app, request("thing", "k-1", json!({}))).await;
    let elsewhere = send(&app, request("other", "k-1", json!({}))).await;
    let theirs = request("thing", "k-1", json!({}))
        .insert_header(("authorization", format!("Bearer {}", token(2))));
    let theirs = send(&app, theirs).await;
    assert!(!elsewhere.is_replayed && !theirs.is_replayed);
    assert_eq!(fixture.calls(), 3);
    fixture.end().await;
}

#[actix_web::test]
async fn while_the_first_still_runs_a_repeat_is_told_so() {
    let fixture = Fixture::new(0).await;
    let app = fixture.app().await;
    let first = send(&app, request("thing", "k-1", json!({})));
    let meanwhile = async {
        while fixture.calls() == 0 {
            tokio::task::yield_now().await;
        }
        let second = send(&app, request("thing", "k-1", json!({}))).await;
        fixture.desk.leave.add_permits(1);
        second
    };
    let (first, second) = futures::join!(first, meanwhile);
    assert_eq!(first.status, StatusCode::OK);
    assert_eq!(
        (second.status, &second.body["code"]),
        (StatusCode::CONFLICT, &"in_progress".into())
    );
    assert_eq!(fixture.calls(), 1);
    fixture.end().await;
}

#[actix_web::test]
async fn many_at_once_happen_once() {
    let fixture = Fixture::new(99).await;
    let app = fixture.app().await;
    let all = (0..16).map(|_| send(&app, request("thing", "k-1", json!({}))));
    let all = futures::future::join_all(all).await;
    let done: Vec<&Got> = all.iter().filter(|got| got.status == StatusCode::OK).collect();
    assert!(!done.is_empty() && done.iter().all(|got| got.body == json!({ "call": 1 })));
    assert!(all.iter().all(|got| matches!(got.status.as_u16(), 200 | 409)), "{all:?}");
    assert_eq!(fixture.calls(), 1);
    fixture.end().await;
}

#[actix_web::test]
async fn a_client_that_hangs_up_finds_the_answer_when_it_comes_back() {
    let fixture = Fixture::new(0).await;
    let app = fixture.app().await;
    {
        let gone = send(&app, request("thing", "k-1", json!({})));
        futures::pin_mut!(gone);
        while fixture.calls() == 0 {
            assert!(futures::poll!(gone.as_mut()).is_pending());
            tokio::task::yield_now().await;
        }
    }
    fixture.desk.leave.add_permits(1);
    let back = loop {
        let back = send(&app, request("thing", "k-1", json!({}))).await;
        if back.status != StatusCode::CONFLICT {
            break back;
        }
        tokio::task::yield_now().await;
    };
    assert!(back.is_replayed);
    assert_eq!(fixture.calls(), 1);
    fixture.end().await;
}

#[actix_web::test]
async fn what_must_not_be_stored_is_not_saved() {
    let fixture = Fixture::new(9).await;
    let app = fixture.app().await;
    let first = send(&app, request("secret", "k-1", json!({}))).await;
    assert_eq!(first.body["code"], "4111-secret");
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM idempotent_requests")
        .fetch_one(&fixture.pool)
        .await
        .expect("counted");
    assert_eq!(rows, 0);
    assert!(!send(&app, request("secret", "k-1", json!({}))).await.is_replayed);
    fixture.end().await;
}

#[actix_web::test]
async fn a_failure_of_ours_is_tried_anew() {
    let fixture = Fixture::new(9).await;
    let app = fixture.app().await;
    let first = send(&app, request("broken", "k-1", json!({}))).await;
    assert_eq!(first.status, StatusCode::SERVICE_UNAVAILABLE);
    let again = send(&app, request("broken", "k-1", json!({}))).await;
    assert_eq!((again.status, again.is_replayed), (StatusCode::OK, false));
    fixture.end().await;
}

#[actix_web::test]
async fn an_answer_is_kept_for_a_day_and_a_dead_run_for_a_minute() {
    let fixture = Fixture::new(9).await;
    let app = fixture.app().await;
    send(&app, request("thing", "k-1", json!({}))).await;
    fixture.age("23 hours 59 minutes").await;
    assert!(send(&app, request("thing", "k-1", json!({}))).await.is_replayed);
    fixture.age("2 minutes").await;
    assert!(!send(&app, request("thing", "k-1", json!({}))).await.is_replayed);
    sqlx::query("UPDATE idempotent_requests SET status = NULL, body = NULL")
        .execute(&fixture.pool)
        .await
        .expect("as if it had died");
    let early = send(&app, request("thing", "k-1", json!({}))).await;
    assert_eq!(early.body["code"], "in_progress");
    fixture.age("61 seconds").await;
    assert_eq!(send(&app, request("thing", "k-1", json!({}))).await.status, StatusCode::OK);
    assert_eq!(fixture.calls(), 3);
    fixture.age("26 hours").await;
    let forgotten = SavedAnswers::new(fixture.pool.clone()).forget_old().await;
    assert_eq!(forgotten.expect("forgotten"), 1);
    fixture.end().await;
}

#[actix_web::test]
async fn keys_that_cannot_be_used_and_missing_tokens_are_refused() {
    let fixture = Fixture::new(9).await;
    let app = fixture.app().await;
    for key in ["", "\"\"", "two words", "\"half", &"x".repeat(256)] {
        let got = send(&app, request("thing", key, json!({}))).await;
        assert_eq!(got.body["code"], "idempotency_key_invalid", "{key}");
    }
    let nobody = request("thing", "k-1", json!({})).insert_header(("authorization", "none"));
    assert_eq!(send(&app, nobody).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(fixture.calls(), 0);
    fixture.end().await;
}
