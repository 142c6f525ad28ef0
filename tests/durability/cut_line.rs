//! What if the line to the database is cut, also between a commit and its answer? Looked up, and
//! counted once.
//!
//! Rows: D6. Cases: C10.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures::future::join_all;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Log, give_consent, ledger_at, somebody};

/// A line to the server on which answers can be lost.
struct Line {
    url: SecretString,
    /// The next answers to an append are swallowed, and the line is cut.
    to_lose: Arc<AtomicUsize>,
    lost: Arc<AtomicUsize>,
}

impl Line {
    async fn to(url: &SecretString) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let parsed: url::Url = url.expose_secret().parse().unwrap();
        let server = SocketAddr::from(([127, 0, 0, 1], parsed.port().unwrap()));
        let (to_lose, lost) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut through = parsed;
        through.set_port(Some(port)).unwrap();
        let line = Self {
            url: SecretString::from(through.to_string()),
            to_lose: to_lose.clone(),
            lost: lost.clone(),
        };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(server).await.unwrap();
                tokio::spawn(pass(client, server, to_lose.clone(), lost.clone()));
            }
        });
        line
    }
}

async fn pass(
    client: TcpStream,
    server: TcpStream,
    to_lose: Arc<AtomicUsize>,
    lost: Arc<AtomicUsize>,
) {
    let ((from_client, to_client), (from_server, to_server)) =
        (client.into_split(), server.into_split());
    // An append's name is said once, when it is prepared: from then on this line is for appends.
    let appends = Arc::new(AtomicBool::new(false));
    let seen = appends.clone();
    let up = copy(from_client, to_server, move |bytes| {
        let name = b"ledger_append";
        if bytes.windows(name.len()).any(|window| window == name) {
            seen.store(true, Ordering::SeqCst);
        }
        true
    });
    let down = copy(from_server, to_client, move |_| {
        let is_lost = appends.load(Ordering::SeqCst)
            && to_lose
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
                .is_ok();
        if is_lost {
            lost.fetch_add(1, Ordering::SeqCst);
        }
        !is_lost
    });
    tokio::select! { () = up => {}, () = down => {} }
}

/// Passes bytes on for as long as `may_pass`.
async fn copy(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut may_pass: impl FnMut(&[u8]) -> bool,
) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        if !may_pass(&bytes[..read]) || to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_lost_after_the_commit_is_looked_up_and_nothing_is_written_twice() {
    let log = Log::create().await;
    let line = Line::to(&log.database.url).await;
    let ledger = ledger_at(&line.url).await;
    give_consent(&ledger, &somebody(), "the line is made").await.unwrap();
    for round in 1..=10 {
        line.to_lose.fetch_add(1, Ordering::SeqCst);
        let work = (0..8).map(|_| {
            let ledger = &ledger;
            async move { give_consent(ledger, &somebody(), "text").await }
        });
        for outcome in join_all(work).await {
            assert_eq!(outcome.unwrap().recorded, 1, "round {round}");
        }
    }
    assert_eq!(line.lost.load(Ordering::SeqCst), 10, "answers really were lost");
    assert_eq!(log.count("SELECT count(*) FROM events").await, 81);
    log.assert_dense().await;
    log.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_the_server_ends_lose_nothing_and_double_nothing() {
    let log = Log::create().await;
    let ledger = log.ledger().await;
    let is_over = Arc::new(AtomicBool::new(false));
    let ends = {
        let (pool, is_over) = (log.pool.clone(), is_over.clone());
        tokio::spawn(async move {
            while !is_over.load(Ordering::SeqCst) {
                sqlx::query(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                      WHERE datname = current_database() AND application_name = 'anchor'",
                )
                .execute(&pool)
                .await
                .unwrap();
                tokio::time::sleep(std::time::Duration::from_millis(30)).await;
            }
        })
    };
    let members: Vec<String> = (0..20).map(|_| somebody()).collect();
    for round in 0..25 {
        let work = members.iter().map(|member| {
            let ledger = &ledger;
            async move { give_consent(ledger, member, &format!("text {round}")).await }
        });
        for outcome in join_all(work).await {
            assert_eq!(outcome.unwrap().recorded, 1, "round {round}");
        }
    }
    is_over.store(true, Ordering::SeqCst);
    ends.await.unwrap();
    assert_eq!(log.count("SELECT count(*) FROM events").await, 500);
    log.assert_dense().await;
    log.end().await;
}
