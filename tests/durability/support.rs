//! A log of its own for each test, what is written into it, and a look at what it holds.

use anchor::clock::Clock;
use anchor::database::{Role, connect};
use anchor::ledger::{Context, EngineLimits, ExecuteError, Executed, Ledger};
use domain::member::{ConsentPurpose, Member, MemberCommand, MemberError};
use secrecy::{ExposeSecret, SecretString};
use sqlx::PgPool;
use test_database::TestDatabase;
use uuid::Uuid;

/// A database and somebody who may look at all of it.
pub struct Log {
    pub database: TestDatabase,
    pub pool: PgPool,
}

impl Log {
    pub async fn create() -> Self {
        let database = TestDatabase::create().await;
        let pool = PgPool::connect(database.url.expose_secret()).await.unwrap();
        Self { database, pool }
    }

    pub async fn ledger(&self) -> Ledger {
        ledger_at(&self.database.url).await
    }

    pub async fn count(&self, sql: &str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }

    /// That positions are 1, 2, 3 … without a hole, in the order of time, and so is every stream.
    pub async fn assert_dense(&self) {
        let holes = "SELECT count(*) FROM (SELECT position, recorded_at,
                       lag(position, 1, 0::bigint) OVER w AS before,
                       lag(recorded_at) OVER w AS earlier
                       FROM events WINDOW w AS (ORDER BY position)) e
                      WHERE position <> before + 1 OR recorded_at < earlier";
        assert_eq!(self.count(holes).await, 0, "positions have no hole and follow time");
        let streams = "SELECT count(*) FROM (SELECT max(sequence) <> count(*) AS is_broken
                         FROM events GROUP BY aggregate_type, aggregate_id) s WHERE is_broken";
        assert_eq!(self.count(streams).await, 0, "streams have no hole");
        let batches = "SELECT coalesce(sum(last_position - first_position + 1), 0)::bigint
                              - (SELECT count(*) FROM events) FROM ledger_batches";
        assert_eq!(self.count(batches).await, 0, "batches account for every event");
    }

    pub async fn end(self) {
        self.pool.close().await;
        self.database.drop().await;
    }
}

pub async fn ledger_at(url: &SecretString) -> Ledger {
    ledger_within(url, EngineLimits::default()).await
}

pub async fn ledger_within(url: &SecretString, limits: EngineLimits) -> Ledger {
    let pool = connect(url, Role::App, 2).await.unwrap();
    let clock = Clock::follow(pool).await.unwrap();
    Ledger::start(url, clock, limits).await.unwrap()
}

/// A command that records one event whenever `text` is new to the member's stream.
pub fn consent(text: &str) -> MemberCommand {
    MemberCommand::GiveConsent {
        purpose: ConsentPurpose::Link,
        partner_id: "agl".parse().unwrap(),
        text_version: text.to_owned(),
    }
}

pub async fn give_consent(
    ledger: &Ledger,
    member: &str,
    text: &str,
) -> Result<Executed, ExecuteError<MemberError>> {
    let context = Context::new("test", "to see what happens");
    ledger.execute::<Member, _>(member, consent(text), &context).await
}

pub fn somebody() -> String {
    Uuid::now_v7().to_string()
}
