//! Do the same events make the same row, in one batch or in many, and with nothing secret in it?
//!
//! Rows: Q1, Q3, R1, R5, A4.

use chrono::{DateTime, Utc};
use domain::AnchorEvent;
use domain::ids::Position;
use domain::reward::RewardEvent;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sqlx::{Connection, Executor, PgConnection};
use test_database::TestDatabase;
use uuid::Uuid;

use super::*;
use crate::projection::{Projection, Recorded};

const WIRE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../domain/src/reward/wire");

fn event(name: &str, changes: Value) -> AnchorEvent {
    let (_, version) = RewardEvent::STORED.iter().find(|(stored, _)| *stored == name).unwrap();
    let major = version.split('.').next().unwrap();
    let text = std::fs::read_to_string(format!("{WIRE}/{name}.v{major}.json")).unwrap();
    let mut payload: Value = serde_json::from_str(&text).unwrap();
    for (field, value) in changes.as_object().unwrap() {
        payload[field] = value.clone();
    }
    let payload = payload.to_string();
    AnchorEvent::decode(RewardEvent::STREAM, name, version, payload.as_bytes()).unwrap()
}

fn recorded(reward: Uuid, events: Vec<AnchorEvent>) -> Vec<Recorded> {
    let at: DateTime<Utc> = "2026-11-24T03:00:00Z".parse().unwrap();
    (1..)
        .zip(events)
        .map(|(number, event)| Recorded {
            position: Position(number),
            recorded_at: at,
            aggregate_type: RewardEvent::STREAM,
            aggregate_id: reward.to_string(),
            sequence: number,
            event,
            metadata: "{}".into(),
        })
        .collect()
}

fn life() -> Vec<AnchorEvent> {
    let value = json!({ "amount": "20.00", "partner_id": "woolworths" });
    let spent = |id: &str, amount: &str, remaining: &str| {
        event(
            "VoucherRedeemed",
            json!({ "redemption_id": id, "amount": amount, "remaining": remaining }),
        )
    };
    vec![
        event("MilestoneReached", json!({ "claim_only": [] })),
        event("PartnerChosen", json!({ "partner_id": "woolworths" })),
        event("IssuanceRequested", value.clone()),
        event("VoucherIssued", value),
        spent("R1", "12.50", "7.50"),
        spent("R2", "7.50", "0.00"),
    ]
}

async fn connected(database: &TestDatabase) -> PgConnection {
    let mut connection = PgConnection::connect(database.url.expose_secret()).await.unwrap();
    connection.execute("SET ROLE anchor_app; SET search_path = read, public").await.unwrap();
    connection
}

async fn row(reward: Uuid, connection: &mut PgConnection) -> Value {
    sqlx::query_scalar("SELECT to_jsonb(r) FROM rewards r WHERE id = $1")
        .bind(reward)
        .fetch_one(connection)
        .await
        .unwrap()
}

#[tokio::test]
async fn one_batch_and_many_make_the_same_row() {
    let reward = Uuid::now_v7();
    let events = recorded(reward, life());
    let mut rows = Vec::new();
    for batch_size in [1, 2, 5, events.len()] {
        let database = TestDatabase::create().await;
        let mut connection = connected(&database).await;
        for batch in events.chunks(batch_size) {
            Rewards.project(batch, &mut connection).await.unwrap();
        }
        rows.push(row(reward, &mut connection).await);
        connection.close().await.unwrap();
        database.drop().await;
    }
    assert!(rows.iter().all(|row| row == &rows[0]), "{rows:#?}");
    assert_eq!((&rows[0]["status"], &rows[0]["last_position"]), (&json!("redeemed"), &json!(6)));
    assert_eq!(rows[0]["distribution_details"]["remaining"], "0.00");
}

#[tokio::test]
async fn every_step_is_told_as_it_stands() {
    let (database, reward) = (TestDatabase::create().await, Uuid::now_v7());
    let mut connection = connected(&database).await;
    let mut told = Vec::new();
    for event in recorded(reward, life()) {
        Rewards.project(&[event], &mut connection).await.unwrap();
        let row = row(reward, &mut connection).await;
        told.push(row["status"].as_str().unwrap().to_owned());
        assert!(row["message"].as_str().is_none_or(|message| !message.is_empty()));
    }
    assert_eq!(
        told,
        ["pending", "processing", "processing", "issued", "partly_redeemed", "redeemed"]
    );
    connection.close().await.unwrap();
    database.drop().await;
}

#[tokio::test]
async fn details_are_masked_and_the_code_is_there_as_ciphertext_alone() {
    let (database, reward) = (TestDatabase::create().await, Uuid::now_v7());
    let mut connection = connected(&database).await;
    let events = recorded(reward, life()[..4].to_vec());
    Rewards.project(&events, &mut connection).await.unwrap();
    let row = row(reward, &mut connection).await;
    let details = &row["distribution_details"];
    assert_eq!(details["voucherCode"], "••••••••••7Q2K");
    let AnchorEvent::Reward(RewardEvent::VoucherIssued(issued)) = &events[3].event else {
        panic!("the fourth is the issue")
    };
    let sealed = serde_json::to_value(&issued.code).unwrap();
    assert!(!details.to_string().contains(sealed.as_str().unwrap()));
    assert!(row["sealed"].to_string().contains(sealed.as_str().unwrap()));
    connection.close().await.unwrap();
    database.drop().await;
}
