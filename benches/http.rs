//! How much does the edge cost? Webhooks taken in over HTTP beside commands appended, and rewards
//! read over HTTP beside the same SQL through the pool.
//!
//! `cargo bench --bench http`: one server with its database, five interleaved passes on logs of ten
//! thousand and of a million events, load from the same machine over 32 kept connections. A webhook
//! is signed, verified, sealed and durable before it is answered; a member's token is checked with
//! every request. `-- --check` fails when a promise is broken, `-- --quick` plays one short pass.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot run has nothing else to do")]

mod support;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anchor::database::{self, Role, connect};
use domain::ids::Position;
use futures::future::join_all;
use projections::paging::Page;
use projections::rewards::{Rewards, query};
use projections::runner::Runner;
use secrecy::{ExposeSecret, SecretString};
use sqlx::PgPool;
use support::edge::{Edge, question, statement, webhook};
use support::filled_log::{self, member, members};
use support::tally::{Contestant, Stream};
use support::wire::Wire;
use support::{Options, Promises, Server, median, ratio};
use tokio::sync::watch;

const CONNECTIONS: usize = 32;
const APPENDERS: usize = 64;
const ASKING_MEMBERS: u64 = 200;

/// What is measured, in the order of a pass.
const WHAT: [&str; 4] =
    ["append, 64 callers", "webhook intake", "rewards over HTTP", "rewards by SQL"];

type Rates = BTreeMap<(i64, &'static str), Vec<f64>>;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::read();
    let server = Server::start().await;
    let mut rates = Rates::new();
    for size in &options.sizes {
        let name = format!("edge_{size}");
        server.cluster.create_database_if_missing(&name).await.unwrap();
        let url = server.cluster.url(&name);
        database::migrate(&url).await.unwrap();
        let edge = Asked::open(&url, *size).await;
        for pass in 0..options.passes {
            eprintln!("{size} events stored, pass {}", pass + 1);
            for what in WHAT {
                let rate = edge.rate(what, options.lasts).await;
                rates.entry((*size, what)).or_default().push(rate);
            }
        }
        edge.close().await;
    }
    println!("| stored | what | a second |\n| --- | --- | --- |");
    for ((size, what), of) in &rates {
        println!("| {size} | {what} | {:.0} |", median(of.clone()));
    }
    let promises = promises(&rates, &options.sizes);
    server.cluster.stop().await;
    promises.verdict(&options)
}

fn promises(rates: &Rates, sizes: &[i64]) -> Promises {
    let mut promises = Promises::default();
    let [append, intake, http, sql] = WHAT;
    let to = |size: &i64, of, to| ratio(&rates[&(*size, of)], &rates[&(*size, to)]);
    for size in sizes {
        promises.at_least(
            1.0 / 3.0,
            to(size, intake, append),
            &format!("{intake} to {append}, at {size}"),
        );
        promises.at_least(0.5, to(size, http, sql), &format!("{http} to {sql}, at {size}"));
    }
    if let [small, .., large] = sizes {
        for (of, beside) in [(intake, append), (http, sql)] {
            let change = to(large, of, beside) / to(small, of, beside);
            promises.at_least(0.8, change, &format!("{of}, ratio at {large} to {small}"));
        }
    }
    promises
}

/// A server with a filled log behind it, and everybody who asks it.
struct Asked {
    edge: Edge,
    read_pool: PgPool,
    append: Contestant,
    questions: Vec<Vec<u8>>,
    asking: u64,
}

impl Asked {
    async fn open(url: &SecretString, size: i64) -> Self {
        let owner = PgPool::connect(url.expose_secret()).await.unwrap();
        let head = Position(filled_log::fill(&owner, size).await);
        let (_sender, watched) = watch::channel(head);
        let pool = connect(url, Role::App, 4).await.unwrap();
        Runner::new(pool.clone(), Arc::new(Rewards), watched).catch_up().await.unwrap();
        statement(&owner, "VACUUM ANALYZE").await;
        pool.close().await;
        owner.close().await;

        let edge = Edge::start(url).await;
        let read_pool = connect(url, Role::Read, 24).await.unwrap();
        let append = Contestant::Anchor(edge.application.ledger.clone());
        let asking = members(size).min(ASKING_MEMBERS);
        let questions = (0..asking).map(question).collect();
        Self { edge, read_pool, append, questions, asking }
    }

    async fn rate(&self, what: &str, lasts: Duration) -> f64 {
        let [append, intake, http, _] = WHAT;
        let done = AtomicU64::new(0);
        let begun = Instant::now();
        let callers = if what == append { APPENDERS } else { CONNECTIONS };
        let caller = async |caller: usize| {
            let mut wire = Wire::connect(self.edge.address).await;
            let mut stream = Stream::new(1);
            let mut n = caller;
            while begun.elapsed() < lasts {
                match what {
                    _ if what == append => self.append.one_command(&mut stream).await,
                    _ if what == intake => assert_eq!(wire.ask(&webhook()).await, 202),
                    _ if what == http => {
                        let question = &self.questions[n % self.questions.len()];
                        assert_eq!(wire.ask(question).await, 200);
                    }
                    _ => {
                        let asking = member(n as u64 % self.asking);
                        let page = Page::first();
                        let page = query::list(&self.read_pool, asking, None, &page).await;
                        assert!(page.unwrap().total > 0);
                    }
                }
                n += callers;
                done.fetch_add(1, Ordering::Relaxed);
            }
        };
        join_all((0..callers).map(caller)).await;
        done.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64()
    }

    async fn close(self) {
        self.read_pool.close().await;
        self.edge.stop().await;
    }
}
