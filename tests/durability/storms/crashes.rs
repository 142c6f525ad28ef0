//! The database stops at once, again and again, in the middle of everything: is anything lost that
//! was acknowledged, and does everybody go on by themselves?
//!
//! A server of its own, which acknowledges nothing before it is written: it is stopped without a
//! word to anybody, as by a crash, and started again. Nobody tells the writers.
//!
//! Taken away in the other test: the wait for that write.
//!
//! Rows: D6. Cases: C19, C10.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use anchor::database::{Role, connect, migrate};
use anchor::postgres::{Durability, PrivateCluster};
use secrecy::{ExposeSecret, SecretString};
use sqlx::PgPool;
use tokio::sync::watch;

use super::storm::{Force, Storm};
use super::verdict::{Rule, broken, summary, violations};
use crate::storm_writer::told::Told;

const CRASHES: usize = 20;
/// Streams enough for every process to get on: what counts here is that calls are under way.
const FORCE: Force = Force { writers: 8, commands: None, streams: 96, ..Force::FULL };
/// So many more commands of each ledger are stored before the next crash: all are in full swing.
/// The stock repository writes too, but so slowly beside them that it is not waited for.
const BETWEEN: usize = 8;
/// The promise: so long after each restart, commands and queries are taken again.
const BACK_WITHIN: Duration = Duration::from_secs(5);
/// Far beyond the promise: whoever has not come back by then never will.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that keeps what it has acknowledged.
struct Durable {
    cluster: PrivateCluster,
    url: SecretString,
    /// Looks at everything.
    owner: PgPool,
    /// As the application's own.
    pool: PgPool,
    _folder: tempfile::TempDir,
}

impl Durable {
    async fn start() -> Self {
        // The server may run as another user than we do, and must be able to pass. In memory where
        // the system offers that: what a stop at once leaves behind does not depend on the disk.
        let passable = std::fs::Permissions::from_mode(0o711);
        let prefix = || {
            let mut folder = tempfile::Builder::new();
            folder.prefix("anchor-crashes-").permissions(passable.clone());
            folder
        };
        let folder = prefix().tempdir_in("/dev/shm").or_else(|_| prefix().tempdir()).unwrap();
        let data = folder.path().join("pg");
        let cluster = PrivateCluster::start(&data, Durability::Durable).await.unwrap();
        cluster.create_database_if_missing("crashes").await.unwrap();
        let url = cluster.url("crashes");
        migrate(&url).await.unwrap();
        let owner = PgPool::connect(url.expose_secret()).await.unwrap();
        let pool = connect(&url, Role::App, 4).await.unwrap();
        Self { cluster, url, owner, pool, _folder: folder }
    }

    async fn end(self) {
        self.pool.close().await;
        self.owner.close().await;
        self.cluster.stop().await;
    }

    /// Crashes it so many times in a storm; what was told, and how long after each restart
    /// everybody was back.
    async fn storm(&mut self, crashes: usize) -> (Vec<Told>, Vec<Duration>) {
        let mut storm = Storm::begin(&self.url, FORCE).await;
        let acknowledged = storm.acknowledged();
        let (ledgers, _) = acknowledged.split_at(FORCE.processes);
        let mut back_after = Vec::new();
        for _ in 0..crashes {
            all_go_on(ledgers, BETWEEN).await;
            tokio::task::block_in_place(|| self.cluster.crash_and_restart()).unwrap();
            let since = Instant::now();
            tokio::join!(all_go_on(ledgers, 1), self.until_a_query_is_answered());
            back_after.push(since.elapsed());
        }
        all_go_on(ledgers, BETWEEN).await;
        storm.call_off().await;
        (storm.end().await, back_after)
    }

    async fn until_a_query_is_answered(&self) {
        while sqlx::query("SELECT count(*) FROM events").execute(&self.pool).await.is_err() {
            tokio::task::yield_now().await;
        }
    }
}

/// Waits until each of them has been acknowledged so many more commands.
async fn all_go_on(acknowledged: &[watch::Receiver<usize>], more: usize) {
    let wanted: Vec<usize> = acknowledged.iter().map(|count| *count.borrow() + more).collect();
    let waiting = async {
        for (mut count, wanted) in acknowledged.iter().cloned().zip(wanted) {
            count.wait_for(|count| *count >= wanted).await.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("everybody goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_stops_at_once_twenty_times_loses_nothing_and_nobody_has_to_help() {
    let mut durable = Durable::start().await;
    let (told, back_after) = durable.storm(CRASHES).await;
    println!("{}; back after {back_after:?}", summary(&told));
    let violations = violations(&durable.owner, &told).await;
    assert!(violations.is_empty(), "{violations:#?}");
    assert_eq!(back_after.len(), CRASHES);
    assert!(back_after.iter().all(|after| *after < BACK_WITHIN), "{back_after:?}");
    durable.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_commit_does_not_wait_for_the_disk_the_storm_finds_what_was_lost() {
    let mut durable = Durable::start().await;
    for statement in [
        "ALTER SYSTEM SET synchronous_commit = off",
        "ALTER SYSTEM SET wal_writer_delay = '10s'",
        "ALTER SYSTEM SET wal_writer_flush_after = '1GB'",
        "SELECT pg_reload_conf()",
    ] {
        sqlx::query(statement).execute(&durable.owner).await.unwrap();
    }
    let (told, _) = durable.storm(1).await;
    println!("{}", summary(&told));
    let broken = broken(&violations(&durable.owner, &told).await);
    println!("{broken:?}");
    assert!(broken.contains(&Rule::AcknowledgedIsStored), "{broken:?}");
    durable.end().await;
}
