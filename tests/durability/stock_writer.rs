//! What if the stock repository of postgres-es writes to the same table at the same time? The same
//! guarantees hold, and a reader never passes over an event.
//!
//! Rows: D6, Q3.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cqrs_es::CqrsFramework;
use cqrs_es::persist::PersistedEventStore;
use domain::aggregate::At;
use domain::ids::Position;
use domain::member::Member;
use futures::future::join_all;
use postgres_es::PostgresEventRepository;
use projections::event_log::read_after;

use crate::support::{Log, consent, give_consent, somebody};

const WRITERS: usize = 8;

async fn by_the_stock_repository(log: &Log, events: usize) {
    let pool =
        anchor::database::connect(&log.database.url, anchor::database::Role::App, WRITERS as u32);
    let repository = PostgresEventRepository::new(pool.await.unwrap());
    let store = PersistedEventStore::<_, Member>::new_event_store(repository);
    let framework = CqrsFramework::new(store, Vec::new(), ());
    let at = anchor::clock::real_now();
    // No more at once than there are connections: nobody waits for one until they give up.
    let writer = async |events: usize| {
        for _ in 0..events {
            let wish = At { at, command: consent("stock") };
            framework.execute(&somebody(), wish).await.unwrap();
        }
    };
    join_all((0..WRITERS).map(|_| writer(events / WRITERS))).await;
}

async fn by_the_ledger(log: &Log, events: usize) {
    let ledger = log.ledger().await;
    let work = (0..events).map(|_| {
        let ledger = &ledger;
        async move { give_consent(ledger, &somebody(), "ours").await }
    });
    for outcome in join_all(work).await {
        outcome.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_writers_and_ours_share_one_order_and_a_reader_misses_nothing() {
    const EACH: usize = 600;
    let log = Log::create().await;
    let is_over = Arc::new(AtomicBool::new(false));
    let reader = {
        let (pool, is_over) = (log.pool.clone(), is_over.clone());
        tokio::spawn(async move {
            let mut seen = 0;
            let mut from = Position::default();
            loop {
                let was_over = is_over.load(Ordering::SeqCst);
                let mut connection = pool.acquire().await.unwrap();
                // Fails by itself when a position is missing in front of one that is there.
                let batch = read_after(&mut connection, from, 100).await.unwrap();
                seen += batch.len();
                match batch.last() {
                    Some(last) => from = last.position,
                    None if was_over => return seen,
                    None => tokio::task::yield_now().await,
                }
            }
        })
    };
    tokio::join!(
        by_the_stock_repository(&log, EACH),
        by_the_ledger(&log, EACH),
        by_the_ledger(&log, EACH)
    );
    is_over.store(true, Ordering::SeqCst);
    assert_eq!(reader.await.unwrap(), 3 * EACH);
    log.assert_dense().await;
    log.end().await;
}
