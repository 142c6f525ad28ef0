//! What if far more comes than should? Copies work once; beyond the limit they are asked to come
//! again, strangers are turned away, and memory and rows stay as they are.
//!
//! Rows: W4, W5. Cases: C14. Threats: T2, T19.

use futures::stream::{self, StreamExt};
use reqwest::header::RETRY_AFTER;
use serde_json::json;

use super::{count, issued, redeemed, woolworths};
use crate::support::{ServerProcess, TestApp, Webhook};

/// How many a second are taken.
const LIMIT: usize = 40;
/// Ten times as many, for some seconds.
const OFFERED: usize = 10 * LIMIT * 4;
const CALLERS: usize = 96;
const MOST_GROWN_KB: u64 = 32 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_copies_on_sixteen_connections_work_once() {
    let app = TestApp::start().await;
    let (member, voucher) = issued(&app).await;
    let webhook = woolworths(&app, &redeemed(&voucher, "R1", "5.00", "15.00"));
    let clients: Vec<_> =
        (0..16).map(|_| reqwest::Client::builder().no_proxy().build().unwrap()).collect();
    let on_each = clients.iter().enumerate().map(|(n, http)| {
        let (app, webhook) = (&app, &webhook);
        async move {
            for _ in (n..100).step_by(16) {
                let answer = webhook.request(app, http).send().await.unwrap();
                assert_eq!(answer.status(), 202);
            }
        }
    });
    futures::future::join_all(on_each).await;
    app.until_reward(&member, "month_1", "partly_redeemed").await;
    app.until_idle().await;
    let redeemed = "SELECT count(*) FROM events WHERE event_type = 'VoucherRedeemed'";
    assert_eq!(count(&app, redeemed).await, 1);
    assert_eq!(count(&app, "SELECT count(*) FROM inbox").await, 1);
    assert_eq!(count(&app, "SELECT count(*) FROM security_events").await, 0);
    app.finish().await;
}

/// One of a kind that is kept and shown to people, and costs nothing more.
fn webhook(app: &TestApp) -> Webhook {
    woolworths(
        app,
        &json!({ "type": "tea.spilled", "timestamp": "2026-11-24T03:00:00Z", "data": {} }),
    )
}

/// Offers all that there is; answers the ids that were taken.
async fn flood(app: &TestApp) -> Vec<String> {
    let knock = async |_: usize| -> Option<String> {
        let webhook = webhook(app);
        let answer = webhook.request(app, &app.http).send().await.unwrap();
        let may_wait = answer.headers().get(RETRY_AFTER).is_some();
        match answer.status().as_u16() {
            202 => Some(webhook.id),
            429 | 503 if may_wait => None,
            other => panic!("{other}, Retry-After: {may_wait}"),
        }
    };
    let answered = stream::iter(0..OFFERED).map(knock).buffer_unordered(CALLERS);
    answered.filter_map(async |taken| taken).collect().await
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_times_the_limit_is_refused_kindly_and_what_was_taken_is_done() {
    let limit = LIMIT.to_string();
    let (app, mut servers) =
        ServerProcess::start_several_with(1, &[("ANCHOR_WEBHOOKS_PER_SECOND", &limit)]).await;
    let mut taken = flood(&app).await;
    let before = servers[0].resident_kb();
    taken.extend(flood(&app).await);
    let grown = servers[0].resident_kb().saturating_sub(before);
    let first = webhook(&app);
    assert_eq!(first.send(&app).await.status, 202, "the first one after the flood");
    assert!(grown < MOST_GROWN_KB, "{before} kB, and {grown} more after another flood");
    assert!((1..2 * OFFERED).contains(&taken.len()), "{} taken", taken.len());
    taken.push(first.id);
    app.until_idle().await;
    let done = "SELECT count(*) FROM inbox WHERE state = 'parked' AND external_id = ANY($1)";
    let done: i64 = sqlx::query_scalar(done).bind(&taken).fetch_one(&app.pool).await.unwrap();
    assert_eq!(usize::try_from(done).unwrap(), taken.len());
    assert_eq!(count(&app, "SELECT count(*) FROM inbox").await, done, "and nothing else was kept");
    servers.remove(0).stop().await;
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_turned_away_after_a_hundred_and_nobody_else_is() {
    let app = TestApp::start_with(&[("ANCHOR_TRUSTED_PROXIES", "127.0.0.1 10.0.0.0/8")]).await;
    let body = webhook(&app).body;
    let forged = Webhook::new("woolworths", "another-secret-that-nobody-agreed-on", body);
    let from = async |webhook: &Webhook, hops: &str| {
        let request = webhook.request(&app, &app.http).header("x-forwarded-for", hops);
        let answer = request.send().await.unwrap();
        let may_wait = answer.headers().get(RETRY_AFTER).is_some();
        (answer.status().as_u16(), may_wait)
    };
    for (n, line) in ["198.51.100.7, 10.1.1.1", "2001:db8:1:2"].into_iter().enumerate() {
        // Of IPv6, everybody has more addresses than could be counted: a line is one.
        let hops = |k: usize| if n == 0 { line.to_owned() } else { format!("{line}::{k:x}") };
        for k in 1..=100 {
            assert_eq!(from(&forged, &hops(k)).await, (401, false), "{line} {k}");
        }
        assert_eq!(from(&forged, &hops(101)).await, (429, true), "{line}");
        assert_eq!(from(&webhook(&app), &hops(102)).await, (429, true), "{line}: nothing is read");
    }
    for others in ["198.51.100.8", "198.51.100.7, 198.51.100.9", "2001:db8:1:3::1", "nobody"] {
        assert_eq!(from(&webhook(&app), others).await.0, 202, "{others}");
    }
    let rows = "SELECT count(*) FROM security_events";
    assert!(count(&app, rows).await <= 8, "a row a minute, kind and address");
    for (kind, times) in [("signature_wrong", 200), ("too_many_bad_signatures", 2)] {
        let known =
            format!("SELECT sum(count)::bigint FROM security_events WHERE kind = '{kind}'");
        assert_eq!(count(&app, &known).await, times, "{kind}");
    }
    let addresses = "SELECT DISTINCT address FROM security_events ORDER BY address";
    let addresses: Vec<String> = sqlx::query_scalar(addresses).fetch_all(&app.pool).await.unwrap();
    assert_eq!(addresses, ["198.51.100.7", "2001:db8:1:2::/64"]);
    app.end().await;
}
