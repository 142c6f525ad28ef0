//! What if a migration is killed, again and again, while others append? The next one goes on where
//! it was, and nobody notices.
//!
//! Each file is one transaction with its own mark, so a killed one leaves nothing of itself; and
//! the ledger's functions are there from the first file on.
//!
//! Rows: D6, U5. Cases: C28.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};

use anchor::database::MIGRATOR;
use secrecy::ExposeSecret;
use sqlx::migrate::Migrator;
use sqlx::{Connection, PgConnection};

use crate::history::anchor_program;
use crate::support::{Log, give_consent, ledger_at, somebody};

/// What the schema is, in words, without when it was made.
const SCHEMA: &str = "
    SELECT md5(string_agg(line, E'\\n' ORDER BY line)) FROM (
      SELECT format('%s.%s.%s %s %s', table_schema, table_name, column_name, data_type,
                    is_nullable) AS line
        FROM information_schema.columns WHERE table_schema IN ('public', 'read', 'keys')
      UNION ALL SELECT format('index %s %s', schemaname, indexdef) FROM pg_indexes
                 WHERE schemaname IN ('public', 'read', 'keys')
      UNION ALL SELECT format('function %s %s', proname, md5(prosrc)) FROM pg_proc
                 WHERE pronamespace = 'public'::regnamespace
      UNION ALL SELECT format('step %s', version) FROM _sqlx_migrations) lines";

const APPLIED: &str = "SELECT count(*) FROM _sqlx_migrations WHERE success";

/// Empties the database, and makes its first steps.
async fn begin_with(log: &Log, steps: usize) {
    let mut connection = PgConnection::connect(log.database.url.expose_secret()).await.unwrap();
    let empty = "DROP SCHEMA IF EXISTS read, keys CASCADE;
                 DROP SCHEMA public CASCADE; CREATE SCHEMA public;
                 GRANT ALL ON SCHEMA public TO PUBLIC";
    sqlx::raw_sql(empty).execute(&mut connection).await.unwrap();
    let first: Vec<_> = MIGRATOR.iter().take(steps).cloned().collect();
    let migrator = Migrator { migrations: Cow::Owned(first), ..Migrator::DEFAULT };
    migrator.run(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_is_killed_at_every_step_under_load_ends_as_one_that_was_not() {
    let log = Log::create().await;
    let whole: String = sqlx::query_scalar(SCHEMA).fetch_one(&log.pool).await.unwrap();
    begin_with(&log, 4).await;
    let ledger = ledger_at(&log.database.url).await;
    let is_over = AtomicBool::new(false);
    let appending = async {
        let mut acknowledged = 0;
        while !is_over.load(Ordering::SeqCst) {
            give_consent(&ledger, &somebody(), "while the schema changes").await.unwrap();
            acknowledged += 1;
        }
        acknowledged
    };
    let migrating = async {
        let mut kills = 0;
        while log.count(APPLIED).await < MIGRATOR.iter().count() as i64 {
            let before = log.count(APPLIED).await;
            let mut program = anchor_program::start(&log.database.url, &["migrate"]);
            // As soon as it has got a step further, in the middle of the next.
            while log.count(APPLIED).await == before && program.try_wait().unwrap().is_none() {
                tokio::task::yield_now().await;
            }
            program.kill().await.unwrap();
            kills += 1;
        }
        is_over.store(true, Ordering::SeqCst);
        kills
    };
    let (acknowledged, kills) = tokio::join!(appending, migrating);
    println!("{acknowledged} acknowledged, {kills} kills");
    let ended = anchor_program::run(&log.database.url, &["migrate"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let schema: String = sqlx::query_scalar(SCHEMA).fetch_one(&log.pool).await.unwrap();
    assert_eq!(schema, whole, "the same schema");
    assert!(kills > 3 && acknowledged > 0);
    assert_eq!(log.count("SELECT count(*) FROM events").await, acknowledged);
    log.assert_dense().await;
    log.end().await;
}
