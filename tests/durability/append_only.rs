//! Can history be changed? Not by the application, and not by the owner without taking the locks
//! off first.
//!
//! Rows: A1, R1. Cases: C28. Threats: T9, T25.

use sqlx::{Connection, PgConnection};

use crate::support::{Log, give_consent, somebody};
use secrecy::ExposeSecret;

async fn connected_as(log: &Log, role: &str) -> PgConnection {
    let mut connection = PgConnection::connect(log.database.url.expose_secret()).await.unwrap();
    sqlx::query(&format!("SET ROLE {role}")).execute(&mut connection).await.unwrap();
    connection
}

/// The tables that hold history: the log, each of its partitions, and its batches.
async fn tables(log: &Log) -> Vec<String> {
    let partitions: Vec<String> = sqlx::query_scalar(
        "SELECT inhrelid::regclass::text FROM pg_inherits
          WHERE inhparent = 'events'::regclass",
    )
    .fetch_all(&log.pool)
    .await
    .unwrap();
    assert_eq!(partitions.len(), 4);
    ["events", "ledger_batches"].into_iter().map(str::to_owned).chain(partitions).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_the_owner_nor_the_application_can_change_or_remove_what_happened() {
    let log = Log::create().await;
    let ledger = log.ledger().await;
    for _ in 0..100 {
        give_consent(&ledger, &somebody(), "text").await.unwrap();
    }
    let history = "SELECT md5(string_agg(e::text, '' ORDER BY position)) FROM events e";
    let before: String = sqlx::query_scalar(history).fetch_one(&log.pool).await.unwrap();
    let mut tried = 0;
    for role in ["anchor_owner", "anchor_app"] {
        let mut connection = connected_as(&log, role).await;
        for table in tables(&log).await {
            let holds: bool = sqlx::query_scalar(&format!("SELECT EXISTS (SELECT FROM {table})"))
                .fetch_one(&log.pool)
                .await
                .unwrap();
            assert!(holds, "{table} holds something that could be changed");
            let column = if table == "ledger_batches" { "recorded_at" } else { "event_version" };
            for statement in [
                format!("UPDATE {table} SET {column} = {column}"),
                format!("DELETE FROM {table}"),
                format!("TRUNCATE {table}"),
                format!("TRUNCATE {table} CASCADE"),
            ] {
                let refused = sqlx::query(&statement).execute(&mut connection).await;
                let error = refused.expect_err(&format!("{role}: {statement}"));
                let code = error.as_database_error().unwrap().code().unwrap().into_owned();
                assert!(
                    ["23001", "42501"].contains(&code.as_str()),
                    "{role}: {statement}: {code}"
                );
                tried += 1;
            }
        }
    }
    assert_eq!(tried, 2 * 6 * 4);
    let after: String = sqlx::query_scalar(history).fetch_one(&log.pool).await.unwrap();
    assert_eq!(before, after);
    log.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_application_cannot_choose_a_position_or_take_the_locks_off() {
    let log = Log::create().await;
    let ledger = log.ledger().await;
    give_consent(&ledger, &somebody(), "text").await.unwrap();
    let mut connection = connected_as(&log, "anchor_app").await;
    for statement in [
        "INSERT INTO events (position, aggregate_type, aggregate_id, sequence, event_type,
                             event_version, payload, metadata)
         VALUES (99, 'member', 'x', 1, 'ConsentGiven', '1', '{}', '{}')",
        "INSERT INTO events (recorded_at, aggregate_type, aggregate_id, sequence, event_type,
                             event_version, payload, metadata)
         VALUES (now(), 'member', 'x', 1, 'ConsentGiven', '1', '{}', '{}')",
        "INSERT INTO events SELECT * FROM events",
        "INSERT INTO ledger_batches (first_position, last_position, recorded_at)
         VALUES (2, 9, now())",
        "ALTER TABLE events DISABLE TRIGGER ALL",
        "DROP TABLE events",
        "DROP TRIGGER c_fixed ON events",
        "SET session_replication_role = replica",
        "CREATE OR REPLACE FUNCTION events_immutable() RETURNS trigger LANGUAGE plpgsql
         AS 'BEGIN RETURN OLD; END'",
        "CREATE TABLE public.mine ()",
        "UPDATE ledger_clock SET ahead = '1 day'",
    ] {
        let refused = sqlx::query(statement).execute(&mut connection).await;
        let error = refused.expect_err(statement);
        assert_eq!(error.as_database_error().unwrap().code().unwrap(), "42501", "{statement}");
    }
    assert_eq!(log.count("SELECT count(*) FROM events").await, 1);
    log.assert_dense().await;
    log.end().await;
}
