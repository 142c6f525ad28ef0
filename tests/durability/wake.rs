//! Does one process hear at once of what another has appended, and does a deaf one find out too?
//!
//! Rows: Q3, Q4.

use std::time::Duration;

use anchor::wake::{LOOK, Wake};
use domain::ids::Position;
use tokio::sync::watch;

use crate::support::{Log, give_consent, somebody};

const NEVER: Duration = Duration::from_secs(3_600);
const PATIENCE: Duration = Duration::from_secs(30);

async fn until(mut head: watch::Receiver<Position>, position: i64) {
    let reached = head.wait_for(|head| *head >= Position(position));
    tokio::time::timeout(PATIENCE, reached).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_process_appends_the_others_hear_of_without_looking() {
    let log = Log::create().await;
    let (here, there) = (log.ledger().await, log.ledger().await);
    let (stop, stopped) = watch::channel(false);
    let url = &log.database.url;
    let wake_here = Wake::follow(url, here.head(), NEVER, &stopped).await.unwrap();
    let wake_there = Wake::follow(url, there.head(), NEVER, &stopped).await.unwrap();
    // Whoever listens a moment too late has missed the first hints: say it until it is heard.
    let heard = until(wake_there.head(), 1);
    tokio::pin!(heard);
    let mut appended = 0;
    loop {
        give_consent(&here, &somebody(), "text").await.unwrap();
        appended += 1;
        let briefly = tokio::time::timeout(Duration::from_millis(100), &mut heard);
        if briefly.await.is_ok() {
            break;
        }
    }
    for _ in 0..50 {
        give_consent(&here, &somebody(), "text").await.unwrap();
    }
    until(wake_there.head(), appended + 50).await;
    until(wake_here.head(), appended + 50).await;
    give_consent(&there, &somebody(), "text").await.unwrap();
    until(wake_here.head(), appended + 51).await;
    stop.send_replace(true);
    for task in wake_here.into_tasks().into_iter().chain(wake_there.into_tasks()) {
        task.await.unwrap();
    }
    log.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hears_nothing_looks() {
    let log = Log::create().await;
    let deaf = log.ledger().await;
    let (stop, stopped) = watch::channel(false);
    let wake = Wake::follow(&log.database.url, deaf.head(), LOOK, &stopped).await.unwrap();
    let silent = log.ledger().await;
    give_consent(&silent, &somebody(), "text").await.unwrap();
    until(wake.head(), 1).await;
    sqlx::query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .execute(&log.pool)
    .await
    .unwrap();
    give_consent(&silent, &somebody(), "text").await.unwrap();
    until(wake.head(), 2).await;
    stop.send_replace(true);
    for task in wake.into_tasks() {
        task.await.unwrap();
    }
    log.end().await;
}
