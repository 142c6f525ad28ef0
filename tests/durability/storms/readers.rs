//! Who reads while others write slowly, change their minds or die: do they see every event once?
//!
//! Under a storm of ledgers and the stock repository, with writers that hold their transactions and
//! one transaction that stays open, with an old snapshot and a transaction id of its own, for
//! thirty seconds. That time is the matter itself: whatever waits for old transactions to end would
//! stand still for as long.
//!
//! Taken away in the other test: the order of commits, and with it either the reader's check that
//! no position is missing, which then passes over events without a word, or not, which then stops.
//!
//! Rows: Q3, A4. Cases: C3, I6.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::ids::Position;
use futures::future::join_all;
use projections::event_log::{ReadError, read_after};
use projections::runner::Runner;
use secrecy::ExposeSecret;
use sqlx::{Connection, Executor, PgConnection, PgPool};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::kept::Kept;
use super::raw_writers::{Ending, take_turns};
use super::storm::{Force, Storm};
use super::taken_away;
use super::verdict::{summary, violations};
use crate::support::Log;

const FORCE: Force = Force { writers: 4, commands: None, streams: 40, ..Force::FULL };
const IDLE: Duration = Duration::from_secs(30);
/// Between two looks at a log that has nothing new.
const LOOK_AGAIN: Duration = Duration::from_millis(2);
/// Each reads so many events at a time.
const READERS: [i64; 4] = [3, 50, 500, 5_000];
const RUNNERS: usize = 2;

/// Reads until it has reached `end`, once that is known; the positions it saw.
async fn read_all(
    pool: PgPool,
    limit: i64,
    end: watch::Receiver<Option<i64>>,
) -> Result<Vec<i64>, ReadError> {
    let mut connection = pool.acquire().await?;
    let mut seen = Vec::new();
    let mut from = Position::default();
    while end.borrow().is_none_or(|end| from.0 < end) {
        let batch = read_after(&mut connection, from, limit).await?;
        seen.extend(batch.iter().map(|event| event.position.0));
        match batch.last() {
            Some(last) => from = last.position,
            None => tokio::time::sleep(LOOK_AGAIN).await,
        }
    }
    Ok(seen)
}

/// As most do it: whatever comes after the last is next.
async fn read_all_unchecked(pool: PgPool, end: watch::Receiver<Option<i64>>) -> Vec<i64> {
    let after =
        "SELECT position FROM public.events WHERE position > $1 ORDER BY position LIMIT 500";
    let mut seen = Vec::new();
    let mut from = 0;
    while end.borrow().is_none_or(|end| from < end) {
        let batch: Vec<i64> = sqlx::query_scalar(after).bind(from).fetch_all(&pool).await.unwrap();
        from = batch.last().copied().unwrap_or(from);
        let is_idle = batch.is_empty();
        seen.extend(batch);
        if is_idle {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
    seen
}

/// Holds a snapshot and a transaction id for as long as that takes.
async fn stay_idle(log: &Log) {
    let mut connection = PgConnection::connect(log.database.url.expose_secret()).await.unwrap();
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ").await.unwrap();
    let look = "SELECT count(*), pg_current_xact_id()::text FROM events";
    let before: (i64, String) = sqlx::query_as(look).fetch_one(&mut connection).await.unwrap();
    tokio::time::sleep(IDLE).await;
    let after: (i64, String) = sqlx::query_as(look).fetch_one(&mut connection).await.unwrap();
    assert_eq!(before, after, "it sees what it saw");
    connection.execute("COMMIT").await.unwrap();
    connection.close().await.unwrap();
}

fn run_kept(log: &Log, stopped: &watch::Receiver<bool>) -> Vec<JoinHandle<()>> {
    let one = |_| {
        let (_, head) = watch::channel(Position::default());
        tokio::spawn(Runner::new(log.pool.clone(), Arc::new(Kept), head).run(stopped.clone()))
    };
    (0..RUNNERS).map(one).collect()
}

/// The digest of what the runners kept once they have reached the end, and of a rebuild.
async fn live_and_rebuilt(log: &Log) -> [(i64, String); 2] {
    let catch_up = async || {
        let (_, head) = watch::channel(Position::default());
        Runner::new(log.pool.clone(), Arc::new(Kept), head).catch_up().await.unwrap();
        Kept::digest(&log.pool).await
    };
    let live = catch_up().await;
    log.pool.execute("TRUNCATE kept; UPDATE checkpoints SET position = 0").await.unwrap();
    [live, catch_up().await]
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_see_every_event_once_whoever_is_slow_changes_their_mind_dies_or_stays_idle() {
    let log = Log::create().await;
    Kept::prepare(&log.pool).await;
    let (end, ended) = watch::channel(None);
    let (stop, stopped) = watch::channel(false);
    let readers: Vec<_> =
        READERS.map(|limit| tokio::spawn(read_all(log.pool.clone(), limit, ended.clone()))).into();
    let runners = run_kept(&log, &stopped);

    let mut storm = Storm::begin(&log.database.url, FORCE).await;
    let is_over = AtomicBool::new(false);
    let others = storm.acknowledged();
    let raw = join_all(
        Ending::ALL
            .iter()
            .zip(&others)
            .map(|(ending, others)| take_turns(&log, *ending, others.clone(), &is_over)),
    );
    let calling_off = async {
        stay_idle(&log).await;
        is_over.store(true, Ordering::SeqCst);
        // Whoever waits for the others to get on is woken by this.
        storm.call_off().await;
        storm.end().await
    };
    drop(others);
    let (by_hand, mut told) = tokio::join!(raw, calling_off);
    let turns: Vec<usize> = by_hand.iter().map(Vec::len).collect();
    told.extend(by_hand.into_iter().flatten());
    println!("{}; by hand (slow, rolled back, killed): {turns:?}", summary(&told));

    let total = log.count("SELECT count(*) FROM events").await;
    end.send_replace(Some(total));
    for reader in readers {
        let seen = reader.await.unwrap().unwrap();
        assert!(seen.into_iter().eq(1..=total), "a reader sees each position once, in order");
    }
    stop.send_replace(true);
    for runner in runners {
        runner.await.unwrap();
    }
    let [live, rebuilt] = live_and_rebuilt(&log).await;
    assert_eq!((live.0, &live), (total, &rebuilt), "live is what a rebuild comes to");
    let violations = violations(&log.pool, &told).await;
    assert!(violations.is_empty(), "{violations:#?}");
    assert!(turns.iter().all(|turns| *turns > 0), "writers by hand took their turns: {turns:?}");
    log.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_order_of_commits_a_reader_passes_over_events_unless_it_checks() {
    const TURNS: usize = 100;
    let log = Log::create().await;
    taken_away::the_order_of_commits(&log.pool).await;
    let (end, ended) = watch::channel(None);
    let checked = tokio::spawn(read_all(log.pool.clone(), 500, ended.clone()));
    let unchecked = tokio::spawn(read_all_unchecked(log.pool.clone(), ended));
    let mut storm = Storm::begin(&log.database.url, FORCE).await;
    let mut others = storm.acknowledged();
    let is_over = AtomicBool::new(false);
    let slow = take_turns(&log, Ending::Slow, others[0].clone(), &is_over);
    let calling_off = async {
        others[0].wait_for(|stored| *stored >= TURNS).await.unwrap();
        is_over.store(true, Ordering::SeqCst);
        storm.call_off().await;
        storm.end().await
    };
    let (_, told) = tokio::join!(slow, calling_off);
    println!("{}", summary(&told));
    let total = log.count("SELECT count(*) FROM events").await;
    end.send_replace(Some(log.count("SELECT max(position) FROM events").await));
    let seen = i64::try_from(unchecked.await.unwrap().len()).unwrap();
    println!("{} of {total} events were passed over", total - seen);
    assert!(seen < total, "events were passed over without a word");
    let stopped = checked.await.unwrap();
    assert!(matches!(stopped, Err(ReadError::Gap { .. })), "{stopped:?}");
    log.end().await;
}
