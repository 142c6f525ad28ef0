//! Does support see where a reward stands, in one batch or in many, and nothing sealed?
//!
//! Rows: R6, Q3, C4.

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

fn event(name: &str, changes: &Value) -> AnchorEvent {
    let text = std::fs::read_to_string(format!("{WIRE}/{name}.v1.json")).unwrap();
    let mut payload: Value = serde_json::from_str(&text).unwrap();
    for (field, value) in changes.as_object().unwrap() {
        payload[field] = value.clone();
    }
    AnchorEvent::decode(RewardEvent::STREAM, name, "1.0", payload.to_string().as_bytes()).unwrap()
}

/// Lost and settled by two people, issued at the second attempt, spent in part, taken back.
fn life() -> Vec<(AnchorEvent, Value)> {
    let of = |attempt: u32| json!({ "attempt": attempt, "amount": "20.00" });
    let told = |status: &str, attempt: i32, state: &str| {
        let state = if state.is_empty() { Value::Null } else { json!(state) };
        json!({ "status": status, "attempt": attempt, "attempt_state": state })
    };
    let not_issued = json!({ "attempt": 1, "issued": false });
    let spent = json!({ "redemption_id": "R1", "amount": "12.50", "remaining": "7.50" });
    let rest = json!({ "unspent": "7.50" });
    let resumed = json!({ "attempt": 2, "resumed_by": "reissue" });
    [
        ("MilestoneReached", json!({}), told("pending", 0, "")),
        ("IssuanceRequested", of(1), told("processing", 1, "requested")),
        ("IssuanceOutcomeUnknown", json!({ "attempt": 1 }), told("processing", 1, "unknown")),
        ("AttestationBegun", json!({ "issued": false }), told("processing", 1, "unknown")),
        ("OutcomeAttested", not_issued, told("pending", 1, "attested_not_issued")),
        ("IssuanceRequested", of(2), told("processing", 2, "requested")),
        ("VoucherIssued", of(2), told("issued", 2, "issued")),
        ("VoucherRedeemed", spent, told("partly_redeemed", 2, "issued")),
        ("VoidRequested", json!({ "attempt": 2 }), told("partly_redeemed", 2, "issued")),
        ("VoidOutcomeUnknown", json!({}), told("partly_redeemed", 2, "issued")),
        ("VoucherVoided", rest, told("on_review", 2, "issued")),
        ("RewardResumed", resumed, told("pending", 2, "issued")),
    ]
    .into_iter()
    .map(|(name, changes, told)| (event(name, &changes), told))
    .collect()
}

fn recorded(reward: Uuid) -> Vec<Recorded> {
    let at: DateTime<Utc> = "2026-11-24T03:00:00Z".parse().unwrap();
    (1..)
        .zip(life())
        .map(|(number, (event, _))| Recorded {
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

async fn connected(database: &TestDatabase) -> PgConnection {
    let mut connection = PgConnection::connect(database.url.expose_secret()).await.unwrap();
    connection.execute("SET ROLE anchor_app; SET search_path = read, public").await.unwrap();
    connection
}

async fn row(connection: &mut PgConnection) -> Value {
    let one = sqlx::query_scalar("SELECT to_jsonb(r) FROM support_rewards r");
    one.fetch_one(connection).await.unwrap()
}

#[tokio::test]
async fn every_step_is_told_as_it_stands_in_one_batch_or_in_many() {
    let (database, other) = (TestDatabase::create().await, TestDatabase::create().await);
    let reward = Uuid::now_v7();
    let mut connection = connected(&database).await;
    for (recorded, (_, told)) in recorded(reward).into_iter().zip(life()) {
        let name = recorded.event.name();
        SupportRewards.project(&[recorded], &mut connection).await.unwrap();
        let row = row(&mut connection).await;
        for (field, value) in told.as_object().unwrap() {
            assert_eq!(&row[field], value, "{field} after {name}");
        }
        let waits_for_a_second_person = name == "AttestationBegun";
        assert_eq!(!row["first_person"].is_null(), waits_for_a_second_person, "after {name}");
    }
    let step_by_step = row(&mut connection).await;
    assert_eq!(
        (&step_by_step["void_state"], &step_by_step["amount"]),
        (&json!("voided"), &json!(7.50))
    );
    let mut at_once = connected(&other).await;
    SupportRewards.project(&recorded(reward), &mut at_once).await.unwrap();
    assert_eq!(row(&mut at_once).await, step_by_step);
    for (connection, database) in [(connection, database), (at_once, other)] {
        connection.close().await.unwrap();
        database.drop().await;
    }
}
