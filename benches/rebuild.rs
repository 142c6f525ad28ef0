//! Can every read model be rebuilt while people read, and what does it cost them? None of their
//! reads may fail.
//!
//! `cargo bench --bench rebuild`: a server over a million events (`-- --stored N` for another
//! number), 16 connections that read over HTTP without a pause, and a rebuild of all read models
//! meanwhile, swap included. `-- --check` fails when a read failed.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot run has nothing else to do")]

mod support;

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anchor::database::{self, Role, connect};
use domain::ids::Position;
use futures::future::join_all;
use projections::runner::Runner;
use secrecy::ExposeSecret;
use sqlx::PgPool;
use support::edge::{Edge, question, statement};
use support::filled_log::{self, members};
use support::wire::Wire;
use support::{Options, Promises, Server, timed};
use tokio::sync::watch;

const READERS: usize = 16;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::read();
    let size = *options.sizes.last().unwrap();
    let server = Server::start().await;
    server.cluster.create_database_if_missing("rebuilt").await.unwrap();
    let url = server.cluster.url("rebuilt");
    database::migrate(&url).await.unwrap();
    let owner = PgPool::connect(url.expose_secret()).await.unwrap();
    let head = Position(filled_log::fill(&owner, size).await);
    let app = connect(&url, Role::App, 8).await.unwrap();
    for projection in projections::all() {
        let (_sender, watched) = watch::channel(head);
        Runner::new(app.clone(), projection, watched).catch_up().await.unwrap();
    }
    statement(&owner, "VACUUM ANALYZE").await;
    app.close().await;
    owner.close().await;

    let edge = Edge::start(&url).await;
    let questions: Vec<Vec<u8>> = (0..members(size).min(200)).map(question).collect();
    let (is_over, read, failed) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    let reader = async |reader: usize| {
        let mut wire = Wire::connect(edge.address).await;
        let mut n = reader;
        while !is_over.load(Ordering::Relaxed) {
            let status = wire.ask(&questions[n % questions.len()]).await;
            let count = if status == 200 { &read } else { &failed };
            count.fetch_add(1, Ordering::Relaxed);
            n += 1;
        }
    };
    let rebuilding = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let before = read.swap(0, Ordering::Relaxed);
        let owner = connect(&url, Role::Owner, 16).await.unwrap();
        let all = projections::all();
        let rebuilt = projections::rebuild::rebuild(&owner, &all, &|_, _| {});
        let (seconds, rebuilt) = timed(rebuilt).await;
        let meanwhile = read.load(Ordering::Relaxed);
        is_over.store(true, Ordering::Relaxed);
        owner.close().await;
        (before as f64 / 2.0, meanwhile as f64 / seconds, seconds, rebuilt.unwrap().len())
    };
    let ((before, meanwhile, seconds, models), _) =
        tokio::join!(rebuilding, join_all((0..READERS).map(reader)));
    let failed = failed.load(Ordering::Relaxed);
    println!(
        "{models} read models rebuilt from {} events and swapped in {seconds:.1} s; \
         reads a second: {before:.0} before, {meanwhile:.0} meanwhile; failed: {failed}",
        head.0
    );
    let mut promises = Promises::default();
    promises.at_most(0.0, failed as f64, "reads that failed during a rebuild of everything");
    edge.stop().await;
    server.cluster.stop().await;
    promises.verdict(&options)
}
