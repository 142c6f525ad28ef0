//! What if the line to the database is cut, also between a commit and its answer? Looked up, and
//! counted once.
//!
//! Rows: D6. Cases: C10.

use std::sync::atomic::Ordering;

use futures::future::join_all;
use secrecy::ExposeSecret;
use sqlx::{Connection, PgConnection};

use crate::line::Line;
use crate::support::{Log, give_consent, ledger_at, somebody};

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_lost_after_the_commit_is_looked_up_and_nothing_is_written_twice() {
    let log = Log::create().await;
    let line = Line::to(&log.database.url).await;
    let ledger = ledger_at(&line.url).await;
    give_consent(&ledger, &somebody(), "the line is made").await.unwrap();
    for round in 1..=10 {
        line.cuts.answers.fetch_add(1, Ordering::SeqCst);
        let work = (0..8).map(|_| {
            let ledger = &ledger;
            async move { give_consent(ledger, &somebody(), "text").await }
        });
        for outcome in join_all(work).await {
            assert_eq!(outcome.unwrap().recorded, 1, "round {round}");
        }
    }
    assert_eq!(line.cuts.after_commit.load(Ordering::SeqCst), 10, "answers really were lost");
    assert_eq!(log.count("SELECT count(*) FROM events").await, 81);
    log.assert_dense().await;
    log.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_meets_itself_is_no_loser_even_when_the_line_is_cut_again_as_it_looks() {
    let log = Log::create().await;
    let line = Line::to(&log.database.url).await;
    let ledger = ledger_at(&line.url).await;
    give_consent(&ledger, &somebody(), "the line is made").await.unwrap();
    let mut holder = PgConnection::connect(log.database.url.expose_secret()).await.unwrap();
    sqlx::raw_sql("BEGIN; SELECT pg_advisory_xact_lock(4711, 1)")
        .execute(&mut holder)
        .await
        .unwrap();
    line.cuts.behind_appends.store(1, Ordering::SeqCst);
    line.cuts.look_ups.store(0, Ordering::SeqCst);
    let member = somebody();
    let giving = give_consent(&ledger, &member, "sent twice");
    let releasing = async {
        // The first call waits for the lock with nobody behind it, the second one behind the first.
        let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
                          AND database = (SELECT oid FROM pg_database
                                           WHERE datname = current_database())";
        while log.count(waiting).await < 2 {
            tokio::task::yield_now().await;
        }
        line.cuts.look_ups.store(1, Ordering::SeqCst);
        sqlx::raw_sql("COMMIT").execute(&mut holder).await.unwrap();
    };
    let (given, ()) = tokio::join!(giving, releasing);
    assert_eq!(given.unwrap().recorded, 1, "it met nobody but itself");
    assert_eq!(line.cuts.done.load(Ordering::SeqCst), 2, "both lines really were cut");
    assert_eq!(log.count("SELECT count(*) FROM events").await, 2);
    log.assert_dense().await;
    log.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_the_server_ends_lose_nothing_and_double_nothing() {
    let log = Log::create().await;
    let ledger = log.ledger().await;
    let ends = {
        let (pool, mut head) = (log.pool.clone(), ledger.head());
        tokio::spawn(async move {
            // Whenever it has got a little further, in the middle of what comes next.
            let mut next = 7;
            while head.wait_for(|head| head.0 >= next).await.is_ok() {
                sqlx::query(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                      WHERE datname = current_database() AND application_name = 'anchor'",
                )
                .execute(&pool)
                .await
                .unwrap();
                next += 7;
            }
        })
    };
    let members: Vec<String> = (0..20).map(|_| somebody()).collect();
    for round in 0..25 {
        let work = members.iter().map(|member| {
            let ledger = &ledger;
            async move { give_consent(ledger, member, &format!("text {round}")).await }
        });
        for outcome in join_all(work).await {
            assert_eq!(outcome.unwrap().recorded, 1, "round {round}");
        }
    }
    ends.abort();
    assert_eq!(log.count("SELECT count(*) FROM events").await, 500);
    log.assert_dense().await;
    log.end().await;
}
