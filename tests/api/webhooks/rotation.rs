//! Can a secret be changed while webhooks arrive? Ten a second, by the old and the new one in turn,
//! at a server that is not started again: none is lost, and the old one ends when it is taken away.
//!
//! Rows: W2, P9. Threats: T1.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anchor::config::Config;
use anchor::database::{Role, connect};
use anchor::partners::kept;
use anchor::vault::Vault;
use secrecy::SecretString;
use serde_json::json;

use super::count;
use crate::staff::alerts::until_alert;
use crate::support::{TestApp, Webhook, settings};

const OLD: &str = "the-old-secret-of-woolworths-for-webhooks";
const NEW: &str = "the-new-secret-of-woolworths-for-webhooks";
const EVERY: Duration = Duration::from_millis(100);
/// With how many of the stream both secrets are in use.
const IN_TURN: usize = 30;

/// Gives woolworths' credentials, as `anchor partner credentials` does.
async fn give(app: &TestApp, vault: &Vault, secrets: &str) {
    let config = Config::read(&|name| app.variables.get(name).cloned()).unwrap();
    let partner = "woolworths".parse().unwrap();
    let [url, id, secret, (name, _)] = settings("woolworths", &app.sandbox_url);
    let lines = [url, id, secret, (name, secrets.to_owned())];
    let text: Vec<String> = lines.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let text = SecretString::from(text.join("\n"));
    let entry = config.catalogue.get(&partner).unwrap();
    let given = kept::read(entry, &config.public_url, &text).map_err(|_| "unsound").unwrap();
    kept::keep(vault, &partner, &given).await.unwrap();
}

fn low() -> String {
    json!({ "type": "balance.low", "timestamp": "2026-11-24T03:00:00Z",
        "data": { "float": "F1", "balance": "10.00", "threshold": "50.00" } })
    .to_string()
}

async fn is_taken(app: &TestApp, secret: &str) -> bool {
    let answer = Webhook::new("woolworths", secret, low()).send(app).await;
    assert!([202, 401].contains(&answer.status), "{answer:?}");
    answer.status == 202
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_changes_under_a_stream_without_a_start_and_none_is_lost() {
    let unset = settings("woolworths", "").map(|(name, _)| name);
    let mut app = TestApp::start().await;
    app.stop().await;
    let config = Config::read(&|name| app.variables.get(name).cloned()).unwrap();
    let keys = connect(&config.database_url, Role::Keys, 2).await.unwrap();
    let vault = Vault::open(keys, config.keyring).await.unwrap();
    give(&app, &vault, OLD).await;
    unset.iter().for_each(|name| drop(app.variables.remove(name)));
    app.restart().await;
    // What one partner's are like is of no matter to another's.
    let (coles, unsound) = ("coles".parse().unwrap(), SecretString::from("CLIENT_ID=us"));
    vault.put_partner_secret(&coles, "credentials", &unsound).await.unwrap();
    let told = until_alert(&app, "open", "credentials_unsound").await;
    assert_eq!(told["subject"], "coles");

    // 0: by the old one; 1: by both in turn; 2: by the new one; 3: it is enough.
    let phase = AtomicUsize::new(0);
    let in_turn = AtomicUsize::new(0);
    let stream = async {
        let (mut sent, mut pace) = (Vec::new(), tokio::time::interval(EVERY));
        while phase.load(Ordering::SeqCst) < 3 {
            pace.tick().await;
            let phase = phase.load(Ordering::SeqCst);
            let secret = if phase == 0 || phase == 1 && sent.len() % 2 == 0 { OLD } else { NEW };
            let webhook = Webhook::new("woolworths", secret, low());
            let answer = webhook.send(&app).await;
            assert_eq!(answer.status, 202, "phase {phase}: {answer:?}");
            in_turn.fetch_add(usize::from(phase == 1), Ordering::SeqCst);
            sent.push(webhook.id);
        }
        sent
    };
    let change = async {
        assert!(is_taken(&app, OLD).await && !is_taken(&app, NEW).await);
        give(&app, &vault, &format!("{OLD} {NEW}")).await;
        app.until("the new one is taken as well", async || is_taken(&app, NEW).await).await;
        phase.store(1, Ordering::SeqCst);
        app.until("both are in use", async || in_turn.load(Ordering::SeqCst) >= IN_TURN).await;
        phase.store(2, Ordering::SeqCst);
        // One by the old one may be on its way: the partner has stopped using it a while ago.
        tokio::time::sleep(EVERY * 3).await;
        give(&app, &vault, NEW).await;
        app.until("the old one is refused", async || !is_taken(&app, OLD).await).await;
        assert!(is_taken(&app, NEW).await);
        phase.store(3, Ordering::SeqCst);
    };
    let (sent, ()) = tokio::join!(stream, change);
    app.until_idle().await;
    let kept = "SELECT count(*) FROM inbox WHERE state = 'done' AND external_id = ANY($1)";
    let kept: i64 = sqlx::query_scalar(kept).bind(&sent).fetch_one(&app.pool).await.unwrap();
    assert_eq!(usize::try_from(kept).unwrap(), sent.len(), "none is lost");
    assert!(count(&app, "SELECT count(*) FROM security_events").await > 0);
    assert!(vault.forget_partner_secret(&coles, "credentials").await.unwrap());
    until_alert(&app, "resolved", "credentials_unsound").await;
    app.finish().await;
}
