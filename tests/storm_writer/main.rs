//! One more process that writes to the log in a storm, with a ledger of its own.
//!
//! The tests of the log start it and speak with it by lines of JSON: it is given its [`parts::work::Orders`],
//! says `ready`, begins at `go`, hands on every answer as a [`parts::told::Told`], and ends when its work
//! is done, when it is told `stop`, or when nobody is there any more to tell it.
//!
//! *Why an example*: only those may use what only tests may, and `cargo test` builds them.

#![allow(clippy::unwrap_used, dead_code, reason = "a writer that cannot go on ends the test")]

use std::io::{Write, stdin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anchor::clock::Clock;
use anchor::database::{Role, connect};
use anchor::ledger::{EngineLimits, Ledger};
use secrecy::SecretString;

mod parts;

use parts::burst::Wish;
use parts::work::{Orders, by_ledger};

#[tokio::main]
async fn main() {
    let orders = stdin().lines().next().unwrap().unwrap();
    let Orders { url, work } = serde_json::from_str(&orders).unwrap();
    let url = SecretString::from(url);
    let clock = Clock::follow(connect(&url, Role::App, 2).await.unwrap()).await.unwrap();
    let ledger = Ledger::start(&url, clock, EngineLimits::default()).await.unwrap();
    say("ready");
    assert_eq!(stdin().lines().next().unwrap().unwrap(), "go");
    let is_over = Arc::new(AtomicBool::new(false));
    let ends = is_over.clone();
    std::thread::spawn(move || {
        // `stop`, or nothing, because nobody is left.
        stdin().lines().next();
        ends.store(true, Ordering::SeqCst);
    });
    let told = |told| say(&serde_json::to_string(&told).unwrap());
    let execute = async |stream: &str, wish: &Wish| by_ledger(&ledger, stream, wish).await;
    work.each(&is_over, &told, &execute).await;
    ledger.stop().await;
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}
