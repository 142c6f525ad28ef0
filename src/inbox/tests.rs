//! Is a webhook kept before anything else, once, sealed, and tried again when somebody says so?
//!
//! Rows: W3, W4, W5, W6, C4.

use chrono::{DateTime, Utc};
use domain::ids::PartnerId;
use secrecy::{ExposeSecret, SecretString};
use sqlx::PgPool;
use test_database::TestDatabase;

use super::*;
use crate::database::{Role, connect};
use crate::partners::settings::WebhookSecret;
use crate::partners::signature::{
    Agreed, Unsigned, VerifiedNotice, WebhookScheme, headers, verify,
};
use crate::vault::{Keyring, Vault};

const BODY: &[u8] = br#"{"type":"voucher.redeemed","data":{"voucher_id":"V1"}}"#;

async fn inbox(database: &TestDatabase) -> (Inbox, PgPool) {
    let keyring = Keyring::parse(&SecretString::from("5a".repeat(32)), &[]).unwrap();
    let keys = connect(&database.url, Role::Keys, 4).await.unwrap();
    let vault = Vault::open(keys, keyring).await.unwrap();
    let pool = connect(&database.url, Role::App, 20).await.unwrap();
    (Inbox::new(pool.clone(), vault), pool)
}

fn woolworths() -> PartnerId {
    "woolworths".parse().unwrap()
}

fn verified(id: &str, body: &[u8]) -> VerifiedNotice {
    let now: DateTime<Utc> = crate::clock::real_now();
    let secret = WebhookSecret::parse("a-secret-of-the-tests-for-webhooks").unwrap();
    let scheme = WebhookScheme::StandardWebhooks;
    let signed = headers(&scheme, &secret, &Unsigned { id, at: now.timestamp(), body });
    let header = |name: &str| signed.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    verify(&Agreed { scheme, secrets: vec![secret] }, &header, body, now).unwrap()
}

async fn accept(inbox: &Inbox, id: &str, body: &[u8]) -> AcceptedAs {
    let (partner, verified) = (woolworths(), verified(id, body));
    inbox.accept(Received { partner: &partner, verified: &verified, body }).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_copies_at_once_one_is_new() {
    let database = TestDatabase::create().await;
    let (inbox, pool) = inbox(&database).await;
    let copies = (0..16).map(|_| accept(&inbox, "m1", BODY));
    let taken = futures::future::join_all(copies).await;
    assert_eq!(taken.iter().filter(|taken| **taken == AcceptedAs::New).count(), 1);
    assert!(!taken.contains(&AcceptedAs::DifferentBody));
    assert_eq!(accept(&inbox, "m1", b"{}").await, AcceptedAs::DifferentBody);
    assert_eq!(accept(&inbox, "m2", BODY).await, AcceptedAs::New);
    let rows: Vec<(String, Vec<u8>)> =
        sqlx::query_as("SELECT kind, sealed_body FROM inbox").fetch_all(&pool).await.unwrap();
    assert_eq!(rows.len(), 2);
    for (kind, sealed) in rows {
        assert_eq!(kind, "voucher.redeemed");
        assert!(!sealed.windows(4).any(|window| window == b"type"), "bodies are sealed");
    }
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_keeps_others_away_until_it_runs_out() {
    let database = TestDatabase::create().await;
    let (inbox, pool) = inbox(&database).await;
    accept(&inbox, "m1", BODY).await;
    let mine = inbox.claim(60, 10).await.unwrap();
    assert_eq!((mine.len(), mine[0].body.as_deref(), mine[0].attempts), (1, Some(BODY), 1));
    assert!(inbox.claim(60, 10).await.unwrap().is_empty());
    sqlx::query("UPDATE inbox SET next_at = clock_timestamp() - interval '1 second'")
        .execute(&pool)
        .await
        .unwrap();
    let again = inbox.claim(60, 10).await.unwrap();
    assert_eq!(again[0].attempts, 2);
    inbox.done(&again[0]).await.unwrap();
    assert!(inbox.claim(0, 10).await.unwrap().is_empty());
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_does_not_open_keeps_nobody_waiting() {
    let database = TestDatabase::create().await;
    let (inbox, pool) = inbox(&database).await;
    accept(&inbox, "changed", BODY).await;
    accept(&inbox, "whole", BODY).await;
    sqlx::query("UPDATE inbox SET sealed_body = '\\x00' WHERE external_id = 'changed'")
        .execute(&pool)
        .await
        .unwrap();
    let due = inbox.claim(60, 10).await.unwrap();
    let opened: Vec<(&str, bool)> =
        due.iter().map(|due| (due.external_id.as_str(), due.body.is_some())).collect();
    assert!(opened.contains(&("changed", false)) && opened.contains(&("whole", true)));
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_knocks_again_is_counted_and_what_is_a_year_old_goes() {
    let database = TestDatabase::create().await;
    let (_, pool) = inbox(&database).await;
    let event = |kind, address| security::SecurityEvent {
        kind,
        partner: Some("woolworths"),
        address: Some(address),
        external_id: None,
    };
    let owner = PgPool::connect(database.url.expose_secret()).await.unwrap();
    let rows = async || -> Vec<(String, i64)> {
        let rows = "SELECT address, sum(count)::bigint FROM security_events
                     GROUP BY address ORDER BY address";
        sqlx::query_as(rows).fetch_all(&pool).await.unwrap()
    };
    let knocks = (0..40).map(|n| {
        let address = if n % 4 == 0 { "198.51.100.1" } else { "198.51.100.2" };
        security::record(&pool, event("signature_wrong", address))
    });
    futures::future::try_join_all(knocks).await.unwrap();
    assert_eq!(rows().await, [("198.51.100.1".to_owned(), 10), ("198.51.100.2".to_owned(), 30)]);
    let count: i64 =
        sqlx::query_scalar("SELECT count(*) FROM security_events").fetch_one(&pool).await.unwrap();
    assert!(count <= 4, "a row a minute and address, and there were two minutes at the most");
    sqlx::query(
        "UPDATE security_events SET at = at - interval '366 days',
                last_at = last_at - interval '366 days' WHERE address = '198.51.100.1'",
    )
    .execute(&owner)
    .await
    .unwrap();
    security::prune(&pool).await.unwrap();
    assert_eq!(rows().await, [("198.51.100.2".to_owned(), 30)]);
    owner.close().await;
    database.drop().await;
}
