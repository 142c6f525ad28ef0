//! Does a reward that waits get its turn, whatever came in which order?
//!
//! Rows: R4, D6.

use domain::AnchorEvent;
use domain::ids::Position;
use domain::partner_account::PartnerAccountEvent;
use domain::reward::RewardEvent;
use secrecy::ExposeSecret;
use sqlx::postgres::PgPoolOptions;
use sqlx::{Executor, PgPool};
use test_database::TestDatabase;
use uuid::Uuid;

use super::*;
use crate::projection::{Projection, Recorded};

const STREAMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../domain/src");

fn stored(stream: &str, name: &str) -> AnchorEvent {
    let text = std::fs::read(format!("{STREAMS}/{stream}/wire/{name}.v1.json")).unwrap();
    AnchorEvent::decode(stream, name, "1.0", &text).unwrap()
}

async fn connected(database: &TestDatabase) -> PgPool {
    let pool = PgPoolOptions::new().max_connections(1);
    let pool = pool.connect(database.url.expose_secret()).await.unwrap();
    pool.execute("SET ROLE anchor_app; SET search_path = read, public").await.unwrap();
    pool
}

/// What happened to a member and one reward of theirs, a minute ago.
async fn batch(pool: &PgPool, events: &[(&'static str, &str)]) -> Vec<Recorded> {
    let recorded_at = sqlx::query_scalar("SELECT ledger_now() - interval '61 seconds'");
    let recorded_at = recorded_at.fetch_one(pool).await.unwrap();
    let recorded = |(position, (stream, name)): (i64, &(&'static str, &str))| Recorded {
        position: Position(position),
        recorded_at,
        aggregate_type: stream,
        aggregate_id: Uuid::from_u128(7).to_string(),
        sequence: position,
        event: stored(stream, name),
        metadata: "{}".into(),
    };
    (1..).zip(events).map(recorded).collect()
}

const VERIFIED: (&str, &str) = (PartnerAccountEvent::STREAM, "AccountVerified");
const AWAITED: (&str, &str) = (RewardEvent::STREAM, "AccountAwaited");

async fn project(pool: &PgPool, batch: &[Recorded]) {
    let mut connection = pool.acquire().await.unwrap();
    RewardTodo.project(batch, &mut connection).await.unwrap();
}

#[tokio::test]
async fn an_account_that_was_verified_just_before_the_wait_began_is_still_seen() {
    let database = TestDatabase::create().await;
    let pool = connected(&database).await;
    let events = batch(&pool, &[VERIFIED, AWAITED]).await;
    project(&pool, &events).await;
    let worker = Uuid::from_u128(1);
    assert!(query::claim_due(&pool, worker, 60, 10).await.unwrap().is_empty());
    let waiting = query::claim_waiting(&pool, worker, 60, 10).await.unwrap();
    assert_eq!(waiting.len(), 1, "it is looked at once more");
    assert!(query::claim_waiting(&pool, worker, 60, 10).await.unwrap().is_empty(), "leased");
    pool.close().await;
    database.drop().await;
}

#[tokio::test]
async fn an_account_that_is_verified_while_somebody_looks_wakes_the_reward_all_the_same() {
    let database = TestDatabase::create().await;
    let pool = connected(&database).await;
    let events = batch(&pool, &[AWAITED, VERIFIED]).await;
    project(&pool, &events[..1]).await;
    let worker = Uuid::from_u128(1);
    let found = query::claim_waiting(&pool, worker, 60, 10).await.unwrap();
    // The account comes after the worker has looked for one, and before it says when to look again.
    project(&pool, &events[1..]).await;
    let later = sqlx::query_scalar("SELECT ledger_now() + interval '7 days'");
    let later = Some(later.fetch_one(&pool).await.unwrap());
    query::look_again_at(&pool, &found[0], later).await.unwrap();
    let woken = query::claim_due(&pool, worker, 60, 10).await.unwrap();
    assert_eq!(woken.len(), 1, "it is looked at now");
    query::look_again_at(&pool, &woken[0], later).await.unwrap();
    assert!(query::claim_due(&pool, worker, 0, 10).await.unwrap().is_empty(), "and then rests");
    pool.close().await;
    database.drop().await;
}
