//! How fast is a command, beside the stock repository and a plain INSERT? One machine, one server,
//! one run: only ratios count.
//!
//! `cargo bench --bench execute` plays five passes on logs of ten thousand and of a million events;
//! in each pass every contestant at every level takes its turn, so that a slow minute is slow for
//! all. A command loads its stream, decides, and records one or three events of some 550 bytes; a
//! caller begins a new stream after five commands (after two, with three events each). `-- --check`
//! fails when a promise is broken, `-- --quick` plays one short pass on a small log.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot run has nothing else to do")]

mod support;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anchor::clock::Clock;
use anchor::database::{self, Role, connect};
use anchor::ledger::{EngineLimits, Ledger};
use anchor::postgres::PrivateCluster;
use futures::future::join_all;
use secrecy::ExposeSecret;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use support::tally::{Contestant, STOCK_TABLE, Stream};
use support::{Options, Promises, Server, median, ratio};

/// Callers at once, and events in each command.
const ROUNDS: [(usize, usize); 7] = [(1, 1), (2, 1), (8, 1), (64, 1), (256, 1), (1, 3), (64, 3)];
const NAMES: [&str; 3] = ["INSERT", "Anchor", "postgres-es"];

/// One contestant's turn.
#[derive(Clone, Copy)]
struct Turn {
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
}

/// Every turn, by stored events, callers, events a command, and contestant.
type Turns = BTreeMap<(i64, usize, usize, &'static str), Vec<Turn>>;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::read();
    let server = Server::start().await;
    let mut turns = Turns::new();
    for size in &options.sizes {
        let contestants = contestants(&server.cluster, *size).await;
        play(&contestants, *size, &options, &mut turns).await;
        if options.callers.is_none() {
            tell_of_long_streams(&contestants, *size).await;
        }
        for contestant in contestants {
            contestant.end().await;
        }
    }
    report(&turns);
    let promises = options.callers.is_none().then(|| promises(&turns, &options.sizes));
    server.cluster.stop().await;
    promises.unwrap_or_default().verdict(&options)
}

async fn contestants(cluster: &PrivateCluster, size: i64) -> Vec<Arc<Contestant>> {
    let (ours, theirs) = (format!("anchor_{size}"), format!("stock_{size}"));
    for name in [&ours, &theirs] {
        cluster.create_database_if_missing(name).await.unwrap();
    }
    database::migrate(&cluster.url(&ours)).await.unwrap();
    let stock = PgPoolOptions::new()
        .max_connections(64)
        .connect(cluster.url(&theirs).expose_secret())
        .await
        .unwrap();
    sqlx::query(STOCK_TABLE).execute(&stock).await.unwrap();
    let owner = PgPool::connect(cluster.url(&ours).expose_secret()).await.unwrap();
    support::tally::fill(&owner, &stock, size).await;
    owner.close().await;

    let url = cluster.url(&ours);
    let clock = Clock::follow(connect(&url, Role::App, 2).await.unwrap()).await.unwrap();
    let ledger = Ledger::start(&url, clock, EngineLimits::default()).await.unwrap();
    [Contestant::insert(&stock), Contestant::Anchor(ledger), Contestant::stock(&stock)]
        .map(Arc::new)
        .into()
}

async fn play(contestants: &[Arc<Contestant>], size: i64, options: &Options, turns: &mut Turns) {
    for contestant in contestants {
        turn(contestant, 64, 1, options.lasts / 2).await;
    }
    for pass in 0..options.passes {
        eprintln!("{size} events stored, pass {}", pass + 1);
        for (callers, events) in rounds(options) {
            for (contestant, name) in contestants.iter().zip(NAMES) {
                let turn = turn(contestant, callers, events, options.lasts).await;
                turns.entry((size, callers, events, name)).or_default().push(turn);
            }
        }
    }
}

fn rounds(options: &Options) -> impl Iterator<Item = (usize, usize)> {
    let only = options.callers;
    ROUNDS.into_iter().filter(move |(callers, _)| only.is_none_or(|only| only == *callers))
}

/// Every caller is a task of its own, as a request is.
async fn turn(
    contestant: &Arc<Contestant>,
    callers: usize,
    events: usize,
    lasts: Duration,
) -> Turn {
    let begun = Instant::now();
    let caller = |contestant: Arc<Contestant>| async move {
        let mut times = Vec::new();
        let mut stream = Stream::new(events);
        while begun.elapsed() < lasts {
            let since = Instant::now();
            contestant.one_command(&mut stream).await;
            times.push(since.elapsed());
        }
        times
    };
    let callers = (0..callers).map(|_| tokio::spawn(caller(contestant.clone())));
    let times = join_all(callers).await;
    let elapsed = begun.elapsed();
    let mut times: Vec<Duration> = times.into_iter().flat_map(Result::unwrap).collect();
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    let per_second = times.len() as f64 / elapsed.as_secs_f64();
    Turn { per_second, p50_ms: at(0.5), p99_ms: at(0.99) }
}

/// What a long stream costs whoever loads it: why there are no snapshots, or when there should be.
async fn tell_of_long_streams(contestants: &[Arc<Contestant>], size: i64) {
    for events in [5, 100, 500, 2_000] {
        for (contestant, name) in contestants.iter().zip(NAMES) {
            if let Some(load_ms) = contestant.load_of_a_stream(events).await {
                println!(
                    "{size} stored: a stream of {events} events loads in {load_ms:.2} ms ({name})"
                );
            }
        }
    }
}

fn picked(turns: &[Turn], pick: fn(&Turn) -> f64) -> Vec<f64> {
    turns.iter().map(pick).collect()
}

fn report(turns: &Turns) {
    println!(
        "| stored | callers | events | who | commands/s | to postgres-es | p50 ms | p99 ms |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for ((size, callers, events, name), of) in turns {
        let stock = &turns[&(*size, *callers, *events, "postgres-es")];
        let ratio = ratio(&picked(of, |t| t.per_second), &picked(stock, |t| t.per_second));
        let middle = |pick: fn(&Turn) -> f64| median(picked(of, pick));
        println!(
            "| {size} | {callers} | {events} | {name} | {:.0} | {ratio:.2} | {:.2} | {:.2} |",
            middle(|t| t.per_second),
            middle(|t| t.p50_ms),
            middle(|t| t.p99_ms),
        );
    }
}

fn promises(turns: &Turns, sizes: &[i64]) -> Promises {
    let mut promises = Promises::default();
    let to = |size, callers, events, name, pick: fn(&Turn) -> f64| {
        let of = &turns[&(size, callers, events, "Anchor")];
        let to = &turns[&(size, callers, events, name)];
        ratio(&picked(of, pick), &picked(to, pick))
    };
    let per_second: fn(&Turn) -> f64 = |turn| turn.per_second;
    for size in sizes {
        for (callers, events, least) in [
            (1, 1, 1.5),
            (2, 1, 0.9),
            (8, 1, 1.5),
            (64, 1, 5.5),
            (256, 1, 6.5),
            (1, 3, 1.4),
            (64, 3, 5.5),
        ] {
            let what = format!("{events} events, {callers} callers, to postgres-es, at {size}");
            let ratio = to(*size, callers, events, "postgres-es", per_second);
            promises.at_least(least, ratio, &what);
        }
        let p99 = to(*size, 64, 1, "postgres-es", |turn| turn.p99_ms);
        promises.at_most(0.25, p99, &format!("p99 at 64 callers, to postgres-es's, at {size}"));
        let insert = to(*size, 64, 1, "INSERT", per_second);
        promises.at_least(1.0, insert, &format!("64 callers, to plain INSERTs, at {size}"));
    }
    if let [small, .., large] = sizes {
        for (callers, events) in ROUNDS {
            let at = |size: &i64| to(*size, callers, events, "postgres-es", per_second);
            let what = format!("{events} events, {callers} callers, ratio at {large} to {small}");
            promises.at_least(0.8, at(large) / at(small), &what);
        }
    }
    promises
}
