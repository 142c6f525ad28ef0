//! How fast does the log become rows? Replay beside the same rows read and dropped, and catching up
//! beside replay.
//!
//! `cargo bench --bench project`: five interleaved passes on logs of ten thousand and of a million
//! events, on one server that syncs every commit. *Dropped*: a binary `COPY` of the same rows, read
//! and thrown away. *Replayed*: the same, decoded into typed events, each seen to be the one after
//! the one before. *Caught up*: a read model from nothing to the head in batches of 5,000, rows and
//! checkpoint durable together. `-- --check` fails when a promise is broken.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot run has nothing else to do")]

mod support;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anchor::database::{self, Role, connect};
use domain::ids::Position;
use futures::TryStreamExt as _;
use projections::Projection;
use projections::event_log::{self, ReadError};
use projections::runner::Runner;
use secrecy::{ExposeSecret, SecretString};
use sqlx::PgPool;
use support::{Options, Promises, Server, filled_log, median, ratio, timed};
use tokio::sync::watch;

const DROPPED: &str = "dropped";
const REPLAYED: &str = "replayed";
/// The read model whose speed is promised: it folds every cent, and stops rather than skip one.
const PROMISED: &str = "caught up: reconciliation";

type Rates = BTreeMap<(i64, String), Vec<f64>>;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::read();
    let server = Server::start().await;
    let mut rates = Rates::new();
    for size in &options.sizes {
        let name = format!("log_{size}");
        server.cluster.create_database_if_missing(&name).await.unwrap();
        let log = Log::open(&server.cluster.url(&name), *size).await;
        for pass in 0..options.passes {
            eprintln!("{size} events stored, pass {}", pass + 1);
            log.pass(*size, options.lasts, &mut rates).await;
        }
        log.close().await;
    }
    println!(
        "| stored | what | events/s | to dropped | to replayed |\n| --- | --- | --- | --- | --- |"
    );
    for ((size, what), of) in &rates {
        let to = |name: &str| ratio(of, &rates[&(*size, name.to_owned())]);
        let middle = median(of.clone());
        println!("| {size} | {what} | {middle:.0} | {:.2} | {:.2} |", to(DROPPED), to(REPLAYED));
    }
    let promises = promises(&rates, &options.sizes);
    server.cluster.stop().await;
    promises.verdict(&options)
}

fn promises(rates: &Rates, sizes: &[i64]) -> Promises {
    let mut promises = Promises::default();
    let to = |size: &i64, of: &str, to: &str| {
        ratio(&rates[&(*size, of.to_owned())], &rates[&(*size, to.to_owned())])
    };
    for size in sizes {
        promises.at_least(0.7, to(size, REPLAYED, DROPPED), &format!("replayed, at {size}"));
        let third = 1.0 / 3.0;
        promises.at_least(third, to(size, PROMISED, REPLAYED), &format!("{PROMISED}, at {size}"));
    }
    if let [small, .., large] = sizes {
        for (of, beside) in [(REPLAYED, DROPPED), (PROMISED, REPLAYED)] {
            let change = to(large, of, beside) / to(small, of, beside);
            promises.at_least(0.8, change, &format!("{of}, ratio at {large} to {small}"));
        }
    }
    promises
}

/// A filled log and those who read it.
struct Log {
    owner: PgPool,
    app: PgPool,
    read: PgPool,
    head: Position,
}

impl Log {
    async fn open(url: &SecretString, size: i64) -> Self {
        database::migrate(url).await.unwrap();
        let owner = PgPool::connect(url.expose_secret()).await.unwrap();
        let head = Position(filled_log::fill(&owner, size).await);
        let app = connect(url, Role::App, 4).await.unwrap();
        let read = connect(url, Role::Read, 4).await.unwrap();
        Self { owner, app, read, head }
    }

    async fn pass(&self, size: i64, lasts: Duration, rates: &mut Rates) {
        let mut add = |what: String, rate: f64| {
            rates.entry((size, what)).or_default().push(rate);
        };
        add(DROPPED.to_owned(), self.rate(lasts, async || self.drop_all().await).await);
        add(REPLAYED.to_owned(), self.rate(lasts, async || self.replay().await).await);
        for projection in projections::all() {
            let name = format!("caught up: {}", projection.name());
            add(name, self.rate(lasts, async || self.catch_up(&projection).await).await);
        }
    }

    /// Events a second, of as many goes as fit into the time; one goes on to its end.
    async fn rate(&self, lasts: Duration, go: impl AsyncFn() -> f64) -> f64 {
        let (mut seconds, mut goes) = (0.0, 0.0);
        while seconds < lasts.as_secs_f64() {
            seconds += go().await;
            goes += 1.0;
        }
        goes * self.head.0 as f64 / seconds
    }

    async fn drop_all(&self) -> f64 {
        let mut connection = self.read.acquire().await.unwrap();
        let copy = "COPY (SELECT position, recorded_at, aggregate_type, aggregate_id, sequence,
                                 event_type, event_version, payload, metadata
                            FROM public.events ORDER BY position) TO STDOUT (FORMAT binary)";
        let dropped = async {
            let mut rows = connection.copy_out_raw(copy).await.unwrap();
            let mut bytes = 0;
            while let Some(message) = rows.try_next().await.unwrap() {
                bytes += message.len();
            }
            bytes
        };
        let (seconds, bytes) = timed(dropped).await;
        assert!(bytes > 0);
        seconds
    }

    async fn replay(&self) -> f64 {
        let nothing = async |_| Ok::<(), ReadError>(());
        let replay = event_log::replay(&self.read, Position(0), self.head, nothing);
        let (seconds, read) = timed(replay).await;
        assert_eq!(read.unwrap(), self.head.0.unsigned_abs());
        seconds
    }

    async fn catch_up(&self, projection: &Arc<dyn Projection>) -> f64 {
        let tables: Vec<String> =
            projection.tables().iter().map(|table| format!("read.{table}")).collect();
        for statement in [
            format!("TRUNCATE {}", tables.join(", ")),
            format!("DELETE FROM public.checkpoints WHERE name = '{}'", projection.name()),
        ] {
            sqlx::query(&statement).execute(&self.owner).await.unwrap();
        }
        let (_sender, head) = watch::channel(self.head);
        let mut runner = Runner::new(self.app.clone(), projection.clone(), head)
            .reading_ahead_through(self.read.clone());
        let (seconds, projected) = timed(runner.catch_up()).await;
        assert_eq!(projected.unwrap(), self.head.0 as usize);
        seconds
    }

    async fn close(self) {
        for pool in [self.owner, self.app, self.read] {
            pool.close().await;
        }
    }
}
