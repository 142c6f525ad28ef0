//! What becomes of an event that cannot be projected, whoever is running, and how does it come
//! back?
//!
//! Rows: Q3, D6, U5. Cases: C27.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use domain::AnchorEvent;
use domain::ids::Position;
use projections::checkpoint;
use projections::projection::{Poison, Projection, ProjectionError, Recorded};
use projections::runner::{self, Retried, Runner};
use sqlx::PgConnection;
use tokio::sync::watch;

use super::anchor_program::run;
use super::lives::{live, project_all};
use crate::support::{Log, give_consent, somebody};

/// Writes down every event, and refuses those that say `poison` until it is mended.
struct Picky {
    on_poison: Poison,
    is_mended: AtomicBool,
}

#[async_trait]
impl Projection for Picky {
    fn name(&self) -> &'static str {
        "picky"
    }

    fn version(&self) -> i32 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["noted"]
    }

    fn on_poison(&self) -> Poison {
        self.on_poison
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
            if is_poison && !self.is_mended.load(Ordering::SeqCst) {
                return Err(ProjectionError::Broken { rule: "taste", position: event.position });
            }
        }
        Ok(())
    }
}

fn picky(on_poison: Poison) -> Arc<Picky> {
    Arc::new(Picky { on_poison, is_mended: AtomicBool::new(false) })
}

async fn log_of(texts: &[(usize, &str)]) -> Log {
    let log = Log::create().await;
    sqlx::query("CREATE TABLE noted (position bigint NOT NULL, number bigserial)")
        .execute(&log.pool)
        .await
        .unwrap();
    let ledger = log.ledger().await;
    let members: Vec<String> = (0..8).map(|_| somebody()).collect();
    for (member, text) in texts {
        give_consent(&ledger, &members[*member], text).await.unwrap();
    }
    log
}

fn runner_of(log: &Log, projection: &Arc<Picky>) -> Runner {
    let (_, head) = watch::channel(Position::default());
    Runner::new(log.pool.clone(), projection.clone(), head)
}

async fn until_at(log: &Log, runner: &mut Runner, position: i64) {
    while checkpoint::position(&log.pool, "picky").await.unwrap() < Position(position) {
        runner.turn().await.ok();
    }
}

async fn noted(log: &Log) -> Vec<i64> {
    sqlx::query_scalar("SELECT position FROM noted ORDER BY number")
        .fetch_all(&log.pool)
        .await
        .unwrap()
}

async fn parked(log: &Log) -> Vec<(i64, i32)> {
    let parked = runner::parked(&log.pool, "picky").await.unwrap();
    parked.iter().map(|event| (event.position, event.attempts)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn parked_events_come_back_in_the_order_of_their_stream_once_the_cause_is_mended() {
    let texts = [(0, "1"), (1, "poison"), (1, "3"), (2, "poison"), (0, "5"), (2, "6"), (1, "7")];
    let log = log_of(&texts).await;
    let projection = picky(Poison::Park);
    let mut runner = runner_of(&log, &projection);
    until_at(&log, &mut runner, 7).await;
    assert_eq!(noted(&log).await, [1, 5]);
    assert_eq!(parked(&log).await, [(2, 1), (3, 1), (4, 1), (6, 1), (7, 1)]);
    let none = runner::retry(&log.pool, &*projection).await.unwrap();
    assert_eq!(none, Retried { projected: 0, still_parked: 5 });
    assert_eq!(noted(&log).await, [1, 5], "what failed again left nothing");
    assert_eq!(parked(&log).await, [(2, 2), (3, 1), (4, 2), (6, 1), (7, 1)]);
    projection.is_mended.store(true, Ordering::SeqCst);
    let all = runner::retry(&log.pool, &*projection).await.unwrap();
    assert_eq!(all, Retried { projected: 5, still_parked: 0 });
    assert_eq!(noted(&log).await, [1, 5, 2, 3, 7, 4, 6], "stream by stream");
    let ledger = log.ledger().await;
    give_consent(&ledger, &somebody(), "8").await.unwrap();
    runner.catch_up().await.unwrap();
    assert_eq!(parked(&log).await, []);
    log.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_streams_with_the_same_id_are_two_streams() {
    let log = log_of(&[(0, "poison")]).await;
    let member: String =
        sqlx::query_scalar("SELECT aggregate_id FROM events").fetch_one(&log.pool).await.unwrap();
    live(&log, 1).await;
    sqlx::query("ALTER TABLE events DISABLE TRIGGER c_fixed").execute(&log.pool).await.unwrap();
    sqlx::query("UPDATE events SET aggregate_id = $1 WHERE aggregate_type = 'journey'")
        .bind(&member)
        .execute(&log.pool)
        .await
        .unwrap();
    let mut runner = runner_of(&log, &picky(Poison::Park));
    until_at(&log, &mut runner, 7).await;
    assert_eq!(noted(&log).await, [2, 3, 4, 5, 6, 7]);
    assert_eq!(parked(&log).await, [(1, 1)]);
    log.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_poisoned_events_among_many_are_found_by_instances_at_once() {
    let texts: Vec<(usize, String)> = (0..300)
        .map(|n| (n % 8, if n % 60 == 7 { format!("poison {n}") } else { format!("text {n}") }))
        .collect();
    let texts: Vec<(usize, &str)> = texts.iter().map(|(m, text)| (*m, text.as_str())).collect();
    let log = log_of(&texts).await;
    let (stop, stopped) = watch::channel(false);
    let projection = picky(Poison::Park);
    let runners: Vec<_> =
        (0..4).map(|_| tokio::spawn(runner_of(&log, &projection).run(stopped.clone()))).collect();
    let all = Position(300);
    checkpoint::wait_for(&log.pool, "picky", all, Duration::from_secs(60)).await.unwrap();
    stop.send_replace(true);
    for runner in runners {
        runner.await.unwrap();
    }
    let (noted, parked) = (noted(&log).await, parked(&log).await);
    let mut every: Vec<i64> = noted.iter().copied().chain(parked.iter().map(|p| p.0)).collect();
    every.sort_unstable();
    assert_eq!(every, (1..=300).collect::<Vec<_>>(), "each once, as a row or set aside");
    let first: Vec<i64> = runner::parked(&log.pool, "picky")
        .await
        .unwrap()
        .iter()
        .filter(|event| event.error.contains("taste"))
        .map(|event| event.position)
        .collect();
    assert!(first.iter().all(|position| (position - 1) % 60 == 7), "{first:?}");
    log.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_several_instances_money_stops_before_the_event_and_at_no_other() {
    let texts: Vec<(usize, String)> = (0..200)
        .map(|n| (n % 8, if n == 150 { "poison".to_owned() } else { format!("text {n}") }))
        .collect();
    let texts: Vec<(usize, &str)> = texts.iter().map(|(m, text)| (*m, text.as_str())).collect();
    let log = log_of(&texts).await;
    let (stop, stopped) = watch::channel(false);
    let projection = picky(Poison::Halt);
    let runners: Vec<_> =
        (0..4).map(|_| tokio::spawn(runner_of(&log, &projection).run(stopped.clone()))).collect();
    let is_halted = "SELECT count(*) FROM checkpoints WHERE name = 'picky' AND state = 'halted'";
    while log.count(is_halted).await == 0 {
        tokio::task::yield_now().await;
    }
    stop.send_replace(true);
    for runner in runners {
        runner.await.unwrap();
    }
    assert_eq!(noted(&log).await, (1..=150).collect::<Vec<_>>());
    assert_eq!(checkpoint::position(&log.pool, "picky").await.unwrap(), Position(150));
    projection.is_mended.store(true, Ordering::SeqCst);
    assert!(runner::resume(&log.pool, "picky").await.unwrap());
    assert!(!runner::resume(&log.pool, "picky").await.unwrap(), "it goes on already");
    assert_eq!(runner_of(&log, &projection).catch_up().await.unwrap(), 50);
    log.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_away_sets_nothing_aside() {
    /// So many that somebody is at work whenever one looks.
    const MANY: usize = 1_200;
    let texts: Vec<(usize, String)> = (0..MANY).map(|n| (n % 8, format!("text {n}"))).collect();
    let texts: Vec<(usize, &str)> = texts.iter().map(|(m, text)| (*m, text.as_str())).collect();
    let log = log_of(&texts).await;
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(runner_of(&log, &picky(Poison::Park)).run(stopped));
    let ends = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                 WHERE datname = current_database() AND query LIKE '%noted VALUES%'
                   AND pid <> pg_backend_pid()";
    let mut ended = 0;
    while ended < 8
        && checkpoint::position(&log.pool, "picky").await.unwrap() < Position(MANY as i64)
    {
        ended += log.count(ends).await;
        tokio::task::yield_now().await;
    }
    assert!(ended > 0, "somebody was at work");
    let all = Position(MANY as i64);
    checkpoint::wait_for(&log.pool, "picky", all, Duration::from_secs(60)).await.unwrap();
    stop.send_replace(true);
    running.await.unwrap();
    assert_eq!(noted(&log).await, (1..=MANY as i64).collect::<Vec<_>>());
    assert_eq!(parked(&log).await, []);
    log.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_a_newer_program_is_waited_for_and_halts_nobody() {
    let log = Log::create().await;
    live(&log, 2).await;
    sqlx::query("ALTER TABLE events DISABLE TRIGGER c_fixed").execute(&log.pool).await.unwrap();
    sqlx::query("UPDATE events SET event_version = '9.0' WHERE position = 5")
        .execute(&log.pool)
        .await
        .unwrap();
    let rewards = projections::all().into_iter().find(|p| p.name() == "rewards").unwrap();
    let app = anchor::database::connect(&log.database.url, anchor::database::Role::App, 2);
    let (_, head) = watch::channel(Position::default());
    let mut runner = Runner::new(app.await.unwrap(), rewards, head);
    for _ in 0..5 {
        runner.turn().await.ok();
    }
    let status = runner::status(&log.pool).await.unwrap().remove(0);
    assert_eq!((status.position, status.state.as_str()), (4, "live"), "up to the event");
    assert!(status.error.unwrap().contains("unknown event"));
    sqlx::query("UPDATE events SET event_version = '1.0' WHERE position = 5")
        .execute(&log.pool)
        .await
        .unwrap();
    assert_eq!(runner.catch_up().await.unwrap(), 8);
    log.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_see_what_stopped_and_let_it_go_on_by_the_program() {
    let log = Log::create().await;
    live(&log, 3).await;
    project_all(&log).await;
    let url = &log.database.url;
    let nothing = run(url, &["projection", "resume", "journal"]).await;
    assert_eq!(nothing.code, Some(1), "{nothing:?}");
    let stop =
        "UPDATE checkpoints SET state = 'halted', error = 'it does not add up', position = 4
                 WHERE name = 'journal'";
    sqlx::query(stop).execute(&log.pool).await.unwrap();
    sqlx::query(
        "INSERT INTO parked (name, position, aggregate_type, aggregate_id, error)
         SELECT 'partner_activity_log', position, aggregate_type, aggregate_id, 'a full disk'
           FROM events WHERE position IN (2, 3)",
    )
    .execute(&log.pool)
    .await
    .unwrap();
    sqlx::query("DELETE FROM read.partner_activity_log WHERE position IN (2, 3)")
        .execute(&log.pool)
        .await
        .unwrap();
    let doctor = run(url, &["doctor", "--json"]).await;
    assert_eq!(doctor.code, Some(1), "{doctor:?}");
    for code in ["projection_halted", "projection_parked"] {
        assert!(doctor.said.contains(code), "{doctor:?}");
    }
    let list = run(url, &["projection", "list"]).await;
    assert!(list.said.contains("it does not add up") && list.said.contains("a full disk"));
    assert_eq!(run(url, &["projection", "resume", "journal"]).await.code, Some(0));
    let retried = run(url, &["projection", "retry", "partner_activity_log", "--json"]).await;
    assert_eq!(retried.code, Some(0), "{retried:?}");
    assert_eq!(retried.said.trim(), r#"{"projected":2,"still_parked":0}"#);
    project_all(&log).await;
    assert_eq!(run(url, &["rebuild", "--check"]).await.code, Some(0), "as if nothing had been");
    let doctor = run(url, &["doctor"]).await;
    assert_eq!(doctor.code, Some(0), "{doctor:?}");
    let unknown = run(url, &["projection", "retry", "nothing"]).await;
    assert!(unknown.beside.contains("there are"), "{unknown:?}");
    log.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_ahead_is_projected_once_and_in_order_by_instances_that_take_turns() {
    const LIVES: usize = 2_500;
    let log = log_of(&[]).await;
    live(&log, LIVES).await;
    let last = LIVES as i64 * 6;
    let projection = picky(Poison::Halt);
    let (mut one, mut other) = (runner_of(&log, &projection), runner_of(&log, &projection));
    // What the first has read ahead is behind what the second commits meanwhile.
    for turns in [3, 1, 2, 1] {
        for _ in 0..turns {
            one.turn().await.unwrap();
        }
        other.turn().await.unwrap();
    }
    one.catch_up().await.unwrap();
    other.catch_up().await.unwrap();
    assert_eq!(checkpoint::position(&log.pool, "picky").await.unwrap(), Position(last));
    assert_eq!(noted(&log).await, (1..=last).collect::<Vec<_>>());
    log.end().await;
}
