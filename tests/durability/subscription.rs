//! Does every event become rows exactly once, whoever runs, dies or waits?
//!
//! Rows: Q3, Q4, A4.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::AnchorEvent;
use domain::ids::Position;
use futures::future::join_all;
use projections::checkpoint::{self, WaitError};
use projections::projection::{Poison, Projection, ProjectionError, Recorded};
use projections::runner::{self, Runner};
use sqlx::PgConnection;
use tokio::sync::watch;

use crate::support::{Log, give_consent, somebody};

/// Writes down every event it is given, and refuses one that says `poison`.
struct Noting(Poison);

#[async_trait]
impl Projection for Noting {
    fn name(&self) -> &'static str {
        "noting"
    }

    fn version(&self) -> i32 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["noted"]
    }

    fn on_poison(&self) -> Poison {
        self.0
    }

    async fn project(
        &self,
        batch: &[Recorded],
        tx: &mut PgConnection,
    ) -> Result<(), ProjectionError> {
        for event in batch {
            sqlx::query("INSERT INTO noted VALUES ($1)")
                .bind(event.position.0)
                .execute(&mut *tx)
                .await?;
            let is_poison = matches!(&event.event, AnchorEvent::Member(member)
                if format!("{member:?}").contains("poison"));
            if is_poison {
                return Err(ProjectionError::Broken { rule: "taste", position: event.position });
            }
        }
        Ok(())
    }
}

async fn log_with_notes() -> Log {
    let log = Log::create().await;
    sqlx::query("CREATE TABLE noted (position bigint NOT NULL)").execute(&log.pool).await.unwrap();
    log
}

fn runner(log: &Log, on_poison: Poison) -> Runner {
    let (_, head) = watch::channel(Position::default());
    Runner::new(log.pool.clone(), Arc::new(Noting(on_poison)), head)
}

async fn noted(log: &Log) -> Vec<i64> {
    sqlx::query_scalar("SELECT position FROM noted ORDER BY position")
        .fetch_all(&log.pool)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn several_runners_of_one_projection_share_the_work_and_double_nothing() {
    const EVENTS: i64 = 2_000;
    let log = log_with_notes().await;
    let ledger = log.ledger().await;
    let (stop, stopped) = watch::channel(false);
    let runners: Vec<_> =
        (0..4).map(|_| tokio::spawn(runner(&log, Poison::Halt).run(stopped.clone()))).collect();
    for _ in 0..10 {
        let work = (0..EVENTS / 10).map(|_| {
            let ledger = &ledger;
            async move { give_consent(ledger, &somebody(), "text").await }
        });
        for outcome in join_all(work).await {
            outcome.unwrap();
        }
        // Whoever dies in the middle of a batch leaves nothing of it.
        sqlx::query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE datname = current_database() AND query LIKE '%noted%'
                AND pid <> pg_backend_pid()",
        )
        .execute(&log.pool)
        .await
        .unwrap();
    }
    let waited =
        checkpoint::wait_for(&log.pool, "noting", Position(EVENTS), Duration::from_secs(30));
    assert_eq!(waited.await.unwrap(), Position(EVENTS));
    stop.send_replace(true);
    for runner in runners {
        runner.await.unwrap();
    }
    assert_eq!(noted(&log).await, (1..=EVENTS).collect::<Vec<_>>());
    log.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn money_stops_at_an_event_that_cannot_be_projected_and_says_so() {
    let log = log_with_notes().await;
    let ledger = log.ledger().await;
    for text in ["one", "two", "poison", "four"] {
        give_consent(&ledger, &somebody(), text).await.unwrap();
    }
    let mut runner = runner(&log, Poison::Halt);
    while runner::status(&log.pool).await.unwrap().first().is_none_or(|s| s.state != "halted") {
        runner.turn().await.ok();
    }
    assert_eq!(noted(&log).await, [1, 2]);
    let status = runner::status(&log.pool).await.unwrap().remove(0);
    assert_eq!((status.position, status.lag_positions), (2, 2));
    assert!(status.error.unwrap().contains("taste does not hold at position 3"));
    assert_eq!(runner.catch_up().await.unwrap(), 0, "nothing moves until somebody has looked");
    log.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn others_go_on_without_the_event_and_those_that_follow_it_in_its_stream() {
    let log = log_with_notes().await;
    let ledger = log.ledger().await;
    let (good, bad) = (somebody(), somebody());
    for (member, text) in
        [(&good, "one"), (&bad, "poison"), (&good, "three"), (&bad, "four"), (&good, "five")]
    {
        give_consent(&ledger, member, text).await.unwrap();
    }
    let mut runner = runner(&log, Poison::Park);
    while checkpoint::position(&log.pool, "noting").await.unwrap() < Position(5) {
        runner.turn().await.ok();
    }
    assert_eq!(noted(&log).await, [1, 3, 5]);
    let parked: Vec<i64> = sqlx::query_scalar("SELECT position FROM parked ORDER BY position")
        .fetch_all(&log.pool)
        .await
        .unwrap();
    assert_eq!(parked, [2, 4]);
    assert_eq!(runner::status(&log.pool).await.unwrap()[0].parked, 2);
    log.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_more_than_is_there_is_told_how_far_it_is() {
    let log = log_with_notes().await;
    let ledger = log.ledger().await;
    give_consent(&ledger, &somebody(), "text").await.unwrap();
    runner(&log, Poison::Halt).catch_up().await.unwrap();
    let briefly = Duration::from_millis(1);
    let ahead = checkpoint::wait_for(&log.pool, "noting", Position(2), briefly).await;
    assert!(matches!(ahead, Err(WaitError::NotYet { reached: Position(1) })));
    let there = checkpoint::wait_for(&log.pool, "noting", Position(1), briefly).await;
    assert_eq!(there.unwrap(), Position(1));
    log.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_position_is_an_error_and_never_passed_over() {
    let log = log_with_notes().await;
    let ledger = log.ledger().await;
    for _ in 0..3 {
        give_consent(&ledger, &somebody(), "text").await.unwrap();
    }
    for statement in
        ["ALTER TABLE events DISABLE TRIGGER c_fixed", "DELETE FROM events WHERE position = 2"]
    {
        sqlx::query(statement).execute(&log.pool).await.unwrap();
    }
    assert!(runner(&log, Poison::Park).turn().await.is_err());
    assert_eq!(noted(&log).await, Vec::<i64>::new());
    log.end().await;
}
