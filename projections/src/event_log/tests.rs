//! Do all readers read the same, and is a piece of an answer ever taken for the whole?
//!
//! Rows: A4, Q3.

use domain::ids::Position;
use domain::reward::RewardEvent;
use futures::TryStreamExt as _;
use secrecy::ExposeSecret as _;
use sqlx::PgPool;
use test_database::TestDatabase;

use super::copied::{Rows, statement};
use super::{ReadError, read_after, read_many, replay};

const WIRE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../domain/src/reward/wire");

/// Every event of a reward that there is, so many times over.
async fn log_of(times: i64) -> (TestDatabase, PgPool, i64) {
    let database = TestDatabase::create().await;
    let pool = PgPool::connect(database.url.expose_secret()).await.unwrap();
    for (sequence, (name, version)) in (1_i64..).zip(RewardEvent::STORED) {
        let payload = std::fs::read_to_string(format!("{WIRE}/{name}.v1.json")).unwrap();
        sqlx::query(
            "INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type,
                                 event_version, payload, metadata)
             SELECT 'reward', 'stream ' || n, $1, $2, $3, $4::json,
                    '{\"actor\": \"process:test\", \"reason\": \"läßt — sich lesen\"}'
               FROM generate_series(1, $5) n",
        )
        .bind(sequence)
        .bind(name)
        .bind(version)
        .bind(payload)
        .bind(times)
        .execute(&pool)
        .await
        .unwrap();
    }
    (database, pool, RewardEvent::STORED.len() as i64 * times)
}

#[tokio::test]
async fn the_quick_readers_read_what_the_plain_one_reads() {
    let (database, pool, last) = log_of(10).await;
    let mut connection = pool.acquire().await.unwrap();
    let plain = read_after(&mut connection, Position(0), last).await.unwrap();
    assert_eq!(plain.len() as i64, last);
    assert_eq!(plain[0].context().reason, "läßt — sich lesen");
    let many = read_many(&mut connection, Position(0), last + 5).await.unwrap();
    assert_eq!(format!("{many:?}"), format!("{plain:?}"));
    let some = read_many(&mut connection, Position(7), 20).await.unwrap();
    assert_eq!(format!("{some:?}"), format!("{:?}", &plain[7..27]));
    let mut replayed = Vec::new();
    let count = replay(&pool, Position(3), Position(last - 2), async |batch| {
        replayed.extend(batch);
        Ok::<_, ReadError>(())
    });
    assert_eq!(count.await.unwrap() as i64, last - 5);
    let wanted = &plain[3..plain.len() - 2];
    assert_eq!(format!("{replayed:?}"), format!("{wanted:?}"));
    drop(connection);
    pool.close().await;
    database.drop().await;
}

#[tokio::test]
async fn an_answer_cut_at_any_byte_is_never_taken_for_whole() {
    let (database, pool, last) = log_of(1).await;
    let mut connection = pool.acquire().await.unwrap();
    let asked = statement(Position(0), Position(last));
    let messages: Vec<_> =
        connection.copy_out_raw(&asked).await.unwrap().try_collect().await.unwrap();
    let answer: Vec<u8> = messages.iter().flat_map(|message| message.to_vec()).collect();
    let is_whole = |bytes: &[u8]| {
        let mut rows = Rows::new(Position(0));
        rows.take_apart(bytes, |_| {}).and_then(|()| rows.end(Position(last))).is_ok()
    };
    assert!(is_whole(&answer));
    // The last two bytes only say that no row follows.
    let holds = answer.len() - 2;
    for cut in 0..holds {
        assert!(!is_whole(&answer[..cut]), "cut after {cut} of {holds} bytes");
    }
    drop(connection);
    pool.close().await;
    database.drop().await;
}

#[tokio::test]
async fn a_reader_that_is_stopped_says_so_and_nothing_of_it_stays() {
    let (database, pool, last) = log_of(1_000).await;
    let stopped = replay(&pool, Position(0), Position(last), async |batch| {
        assert_eq!(batch.len(), 5_000);
        Err::<(), _>(ReadError::Unreadable { after: Position(1) })
    });
    assert!(matches!(stopped.await, Err(ReadError::Unreadable { .. })));
    let past = replay(&pool, Position(0), Position(last + 1), async |_| Ok::<_, ReadError>(()));
    assert!(matches!(past.await, Err(ReadError::PastTheEnd { .. })));
    pool.close().await;
    database.drop().await;
}
