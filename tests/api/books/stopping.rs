//! Does whoever compares statements end when everybody else does, and is one of several at work at
//! a time?
//!
//! Rows: A2, D6.

use std::time::Duration;

use tokio::sync::watch;

use super::year::Office;

/// Far below what the read model would be waited for.
const PATIENCE: Duration = Duration::from_secs(15);
const A_MOMENT: Duration = Duration::from_millis(500);

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_is_not_kept_waiting_by_a_read_model_that_stands_still() {
    let office = Office::open().await;
    let year = office.year(20, 5);
    office.write(&year.events).await;
    let mut papers = year.books.papers.values();
    office.import(papers.next().unwrap()).await;
    office.runner().catch_up().await.unwrap();
    // Now it stands still, and is behind.
    office.import(papers.next().unwrap()).await;
    let (stop, stopping) = watch::channel(false);
    let (first, second) = (office.comparing(stopping.clone()), office.comparing(stopping));
    let turn = tokio::spawn(async move { first.turn().await });
    tokio::time::sleep(A_MOMENT).await;
    assert!(!turn.is_finished(), "it waits for the read model");
    // Another one does not wait beside it: it has nothing to do.
    let beside = tokio::time::timeout(PATIENCE, second.turn()).await;
    assert_eq!(beside.expect("it does not wait").unwrap(), 0);
    stop.send(true).unwrap();
    let ended = tokio::time::timeout(PATIENCE, turn).await.expect("it ends").unwrap();
    assert_eq!(ended.unwrap(), 0, "nothing is compared with what is behind");
    office.close().await;
}
