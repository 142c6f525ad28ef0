//! Many commands at once: does each count once, wholly, in order?
//!
//! Rows: D6, R2, Q4.

use std::collections::BTreeSet;

use anchor::ledger::{Context, EngineLimits, ExecuteError, LedgerError};
use domain::member::{Member, MemberError};
use futures::future::join_all;
use uuid::Uuid;

use crate::support::{Log, consent, give_consent, ledger_within, somebody};

#[tokio::test(flavor = "multi_thread")]
async fn commands_from_several_processes_count_once_each_and_leave_no_hole() {
    let log = Log::create().await;
    let ledgers = [log.ledger().await, log.ledger().await, log.ledger().await];
    let members: Vec<String> = (0..16).map(|_| somebody()).collect();
    let work = (0..1_200).map(|n| {
        let (ledger, member) = (&ledgers[n % 3], &members[n % members.len()]);
        async move { give_consent(ledger, member, &format!("text {n}")).await }
    });
    let mut positions = BTreeSet::new();
    let mut recorded = 0;
    for outcome in join_all(work).await {
        match outcome {
            Ok(executed) => {
                recorded += 1;
                assert!(positions.insert(executed.position), "a position is given once");
            }
            Err(ExecuteError::Conflict) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    assert!(recorded > 100, "some got through: {recorded}");
    assert_eq!(log.count("SELECT count(*) FROM events").await, recorded);
    log.assert_dense().await;
    log.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_command_twice_at_once_is_recorded_once() {
    let log = Log::create().await;
    let (one, two) = (log.ledger().await, log.ledger().await);
    for _ in 0..50 {
        let member = somebody();
        let context = Context::new("test", "twice").with_command_id(Uuid::now_v7());
        let (a, b) = tokio::join!(
            one.execute::<Member, _>(&member, consent("a"), &context),
            two.execute::<Member, _>(&member, consent("a"), &context),
        );
        let recorded: usize = [a, b]
            .iter()
            .map(|outcome| match outcome {
                Ok(executed) => executed.recorded,
                Err(ExecuteError::Duplicate { position }) => {
                    assert!(position.0 > 0);
                    0
                }
                Err(error) => panic!("{error:?}"),
            })
            .sum();
        assert_eq!(recorded, 1);
    }
    assert_eq!(log.count("SELECT count(*) FROM events").await, 50);
    log.assert_dense().await;
    log.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_stored_fails_alone() {
    let log = Log::create().await;
    let ledger = log.ledger().await;
    let work = (0..40).map(|n| {
        let member = if n == 7 { "no\0body".to_owned() } else { somebody() };
        let ledger = &ledger;
        async move { give_consent(ledger, &member, "text").await }
    });
    for (n, outcome) in join_all(work).await.into_iter().enumerate() {
        match outcome {
            Ok(executed) => assert!(n != 7 && executed.recorded == 1),
            Err(error) => assert!(n == 7, "{n}: {error:?}"),
        }
    }
    assert_eq!(log.count("SELECT count(*) FROM events").await, 39);
    log.assert_dense().await;
    log.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_writes_nothing() {
    let log = Log::create().await;
    let ledger = log.ledger().await;
    let context = Context::new("test", "too early");
    let command = domain::member::MemberCommand::RecordErased { key_id: "0".to_owned() };
    let refused = ledger.execute::<Member, _>(&somebody(), command, &context).await;
    assert!(matches!(refused, Err(ExecuteError::Refused(MemberError::ErasureNotRequested))));
    assert_eq!(log.count("SELECT count(*) FROM events").await, 0);
    assert_eq!(log.count("SELECT count(*) FROM ledger_batches").await, 0);
    log.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_says_so_at_once_and_forgets_nothing_it_took() {
    let log = Log::create().await;
    let limits = EngineLimits { queued: 4, commands: 2, ..EngineLimits::default() };
    let ledger = ledger_within(&log.database.url, limits).await;
    let work = (0..200).map(|_| {
        let ledger = &ledger;
        async move { give_consent(ledger, &somebody(), "text").await }
    });
    let mut recorded = 0;
    for outcome in join_all(work).await {
        match outcome {
            Ok(_) => recorded += 1,
            Err(ExecuteError::Unavailable(LedgerError::QueueFull)) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    assert!((1..200).contains(&recorded), "{recorded}");
    assert_eq!(log.count("SELECT count(*) FROM events").await, recorded);
    log.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_that_waits_for_others_keeps_its_connection_and_is_stored_once() {
    let log = Log::create().await;
    let ledger = log.ledger().await;
    let member = somebody();
    give_consent(&ledger, &member, "the first").await.unwrap();
    let appends = "SELECT pid::bigint FROM pg_stat_activity
                    WHERE datname = current_database() AND query LIKE '%ledger_append%'
                      AND pid <> pg_backend_pid()";
    let connection = log.count(appends).await;
    let mut other = log.pool.begin().await.unwrap();
    sqlx::query("SELECT pg_advisory_xact_lock(4711, 1)").execute(&mut *other).await.unwrap();
    let waits = tokio::spawn({
        let (ledger, member) = (ledger.clone(), member.clone());
        async move { give_consent(&ledger, &member, "the second").await }
    });
    // Longer than the server lets a statement wait for a lock.
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert!(!waits.is_finished());
    other.rollback().await.unwrap();
    assert_eq!(waits.await.unwrap().unwrap().recorded, 1);
    assert_eq!(log.count("SELECT count(*) FROM events").await, 2);
    // What took long is followed by a commit of its own, and then by the next append.
    give_consent(&ledger, &member, "the third").await.unwrap();
    assert_eq!(log.count(appends).await, connection, "the same connection");
    log.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_finishes_what_is_queued() {
    let log = Log::create().await;
    let ledger = log.ledger().await;
    let work: Vec<_> = (0..100)
        .map(|_| {
            let ledger = ledger.clone();
            tokio::spawn(async move { give_consent(&ledger, &somebody(), "text").await.is_ok() })
        })
        .collect();
    tokio::task::yield_now().await;
    ledger.stop().await;
    let mut recorded = 0;
    for outcome in work {
        recorded += i64::from(outcome.await.unwrap());
    }
    assert_eq!(log.count("SELECT count(*) FROM events").await, recorded);
    log.end().await;
}
