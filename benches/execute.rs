//! How fast is a command, beside the stock repository and a plain INSERT? One machine, one server,
//! one run: only ratios count.
//!
//! `cargo bench --bench execute` plays five passes; in each, every contestant at every level takes
//! its turn, so that a slow minute is slow for all. A command loads its stream (new, as members'
//! are), decides, and records one event. `-- --check` fails unless the ledger does at least twice
//! the stock repository's commands at 64 callers; `-- --quick` plays one short pass.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot run has nothing else to do")]

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anchor::clock::{self, Clock};
use anchor::database::{self, Role, connect};
use anchor::ledger::{Context, EngineLimits, Ledger};
use anchor::postgres::{Durability, PrivateCluster};
use cqrs_es::CqrsFramework;
use cqrs_es::persist::PersistedEventStore;
use domain::aggregate::At;
use domain::member::{ConsentPurpose, Member, MemberCommand};
use futures::future::join_all;
use postgres_es::PostgresEventRepository;
use secrecy::ExposeSecret;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use uuid::Uuid;

const LEVELS: [usize; 3] = [1, 8, 64];
const PASSES: usize = 5;
const LEAST_RATIO: f64 = 2.0;

/// postgres-es's own table, as its documentation gives it.
const STOCK_TABLE: &str = "CREATE TABLE events (
    aggregate_type text NOT NULL,
    aggregate_id   text NOT NULL,
    sequence       bigint CHECK (sequence >= 0) NOT NULL,
    event_type     text NOT NULL,
    event_version  text NOT NULL,
    payload        json NOT NULL,
    metadata       json NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id, sequence)
)";

/// Who takes part.
enum Contestant {
    /// Anchor's write side on Anchor's table.
    Ledger(Ledger),
    /// cqrs-es with postgres-es as it comes, on its own table.
    Stock(Box<CqrsFramework<Member, PersistedEventStore<PostgresEventRepository, Member>>>),
    /// A prepared INSERT of the same row: no load, no rule, no order.
    Insert(PgPool),
}

impl Contestant {
    fn name(&self) -> &'static str {
        match self {
            Self::Ledger(_) => "ledger",
            Self::Stock(_) => "stock",
            Self::Insert(_) => "insert",
        }
    }

    async fn one_command(&self) {
        let stream = Uuid::now_v7().to_string();
        let command = MemberCommand::GiveConsent {
            purpose: ConsentPurpose::Link,
            partner_id: "woolworths".parse().unwrap(),
            text_version: "2026-01".to_owned(),
        };
        let context = Context::new("bench", "to see how long it takes");
        match self {
            Self::Ledger(ledger) => {
                ledger.execute::<Member, _>(&stream, command, &context).await.unwrap();
            }
            Self::Stock(framework) => {
                let metadata = [
                    ("command_id", context.command_id.to_string()),
                    ("correlation", context.correlation),
                    ("actor", context.actor),
                    ("reason", context.reason),
                ];
                let metadata = metadata.map(|(name, value)| (name.to_owned(), value));
                let wish = At { at: clock::real_now(), command };
                framework.execute_with_metadata(&stream, wish, metadata.into()).await.unwrap();
            }
            Self::Insert(pool) => insert(pool, &stream, &context).await,
        }
    }
}

async fn insert(pool: &PgPool, stream: &str, context: &Context) {
    let payload = serde_json::json!({
        "type": "ConsentGiven", "purpose": "link", "partner_id": "woolworths",
        "text_version": "2026-01", "occurred_at": clock::real_now(),
    });
    let metadata = serde_json::json!({
        "command_id": context.command_id, "correlation": context.correlation,
        "actor": context.actor, "reason": context.reason,
    });
    sqlx::query(
        "INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version,
                             payload, metadata) VALUES ('insert', $1, 1, $2, '1.0', $3, $4)",
    )
    .bind(stream)
    .bind("ConsentGiven")
    .bind(payload)
    .bind(metadata)
    .execute(pool)
    .await
    .unwrap();
}

/// Commands per second and the times of the middle and the slowest hundredth, in milliseconds.
#[derive(Clone, Copy)]
struct Rate {
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
}

async fn measure(contestant: &Contestant, callers: usize, lasts: Duration) -> Rate {
    let is_over = AtomicBool::new(false);
    let done = AtomicU64::new(0);
    let begun = Instant::now();
    let caller = async || {
        let mut times = Vec::new();
        while !is_over.load(Ordering::Relaxed) {
            let since = Instant::now();
            contestant.one_command().await;
            times.push(since.elapsed());
            done.fetch_add(1, Ordering::Relaxed);
        }
        times
    };
    let timer = async {
        tokio::time::sleep(lasts).await;
        is_over.store(true, Ordering::Relaxed);
    };
    let (times, ()) = tokio::join!(join_all((0..callers).map(|_| caller())), timer);
    let elapsed = begun.elapsed();
    let mut times: Vec<Duration> = times.into_iter().flatten().collect();
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    let per_second = done.load(Ordering::Relaxed) as f64 / elapsed.as_secs_f64();
    Rate { per_second, p50_ms: at(0.5), p99_ms: at(0.99) }
}

async fn contestants(cluster: &PrivateCluster) -> Vec<Contestant> {
    for name in ["ledger", "stock"] {
        cluster.create_database_if_missing(name).await.unwrap();
    }
    database::migrate(&cluster.url("ledger")).await.unwrap();
    let url = cluster.url("ledger");
    let clock = Clock::follow(connect(&url, Role::App, 2).await.unwrap()).await.unwrap();
    let ledger = Ledger::start(&url, clock, EngineLimits::default()).await.unwrap();
    let stock = PgPoolOptions::new()
        .max_connections(64)
        .connect(cluster.url("stock").expose_secret())
        .await
        .unwrap();
    sqlx::query(STOCK_TABLE).execute(&stock).await.unwrap();
    let repository = PostgresEventRepository::new(stock.clone());
    let store = PersistedEventStore::new_event_store(repository);
    let framework = CqrsFramework::new(store, Vec::new(), ());
    vec![
        Contestant::Ledger(ledger),
        Contestant::Stock(Box::new(framework)),
        Contestant::Insert(stock),
    ]
}

type Rates = BTreeMap<(usize, &'static str), Vec<Rate>>;

async fn play(contestants: &[Contestant], passes: usize, lasts: Duration) -> Rates {
    for contestant in contestants {
        measure(contestant, 64, lasts / 2).await;
    }
    let mut rates = Rates::new();
    for _ in 0..passes {
        for level in LEVELS {
            for contestant in contestants {
                let rate = measure(contestant, level, lasts).await;
                rates.entry((level, contestant.name())).or_default().push(rate);
            }
        }
    }
    rates
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Prints the table; answers the ledger's ratio to stock at the highest level.
fn report(rates: &Rates) -> f64 {
    println!(
        "callers  who      commands/s   to stock   p50 ms   p99 ms   (medians of the passes)"
    );
    let mut at_most_callers = 0.0;
    for ((level, name), passes) in rates {
        let stock = &rates[&(*level, "stock")];
        let ratios =
            passes.iter().zip(stock).map(|(rate, stock)| rate.per_second / stock.per_second);
        let ratio = median(ratios.collect());
        let of = |pick: fn(&Rate) -> f64| median(passes.iter().map(pick).collect());
        println!(
            "{level:>7}  {name:<7}  {:>10.0}   {ratio:>8.2}   {:>6.2}   {:>6.2}",
            of(|rate| rate.per_second),
            of(|rate| rate.p50_ms),
            of(|rate| rate.p99_ms),
        );
        if (*level, *name) == (LEVELS[LEVELS.len() - 1], "ledger") {
            at_most_callers = ratio;
        }
    }
    at_most_callers
}

#[tokio::main]
async fn main() -> ExitCode {
    let is_given = |word: &str| std::env::args().any(|argument| argument == word);
    let (passes, lasts) = if is_given("--quick") {
        (1, Duration::from_millis(500))
    } else {
        (PASSES, Duration::from_secs(2))
    };
    let prefix = "anchor-bench-";
    let folder = tempfile::Builder::new().prefix(prefix).tempdir().unwrap();
    let cluster = PrivateCluster::start(&folder.path().join("pg"), Durability::Durable).await;
    let cluster = match cluster {
        Ok(cluster) => cluster,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    let contestants = contestants(&cluster).await;
    let ratio = report(&play(&contestants, passes, lasts).await);
    drop(contestants);
    cluster.stop().await;
    if is_given("--check") && ratio < LEAST_RATIO {
        eprintln!("the ledger is {ratio:.2} times stock at 64 callers, and not {LEAST_RATIO}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
