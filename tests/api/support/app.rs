//! How does a test get an Anchor of its own? Database, sandbox, server and workers, and none of it
//! shared.
//!
//! [`TestApp::finish`] ends a test: it waits until nothing is left to do, then fails the test if
//! anything was parked, halted or left behind its log.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use anchor::clock;
use anchor::config::Config;
use anchor::ledger::Ledger;
use anchor::sandbox::{Running, Sandbox, SandboxConfig};
use anchor::startup::{Application, Parts};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sqlx::PgPool;
use test_database::TestDatabase;

use super::Doors;

const PATIENCE: Duration = Duration::from_secs(60);
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
/// Many who look again and again keep the server from what they wait for.
const LONGEST_BETWEEN_LOOKS: Duration = Duration::from_millis(160);
/// The secret that every test's tokens are signed with.
pub const JWT_SECRET: &str = "a-secret-of-the-tests-that-is-long-enough-0123";
/// Who issues every test's tokens.
pub const ISSUER: &str = "http://127.0.0.1:54321";

/// Every partner that moves value.
pub const PARTNERS: [&str; 13] = [
    "woolworths",
    "coles",
    "aldi",
    "kmart",
    "target",
    "energy-australia",
    "agl",
    "origin",
    "telstra",
    "optus",
    "opal",
    "myki",
    "fuel-voucher",
];

/// A running Anchor with its partners.
pub struct TestApp {
    /// Where it answers.
    pub base: String,
    /// Everywhere it answers, when it is several processes.
    pub doors: Doors,
    /// Where the partners answer.
    pub sandbox_url: String,
    /// For looking behind the scenes, as the database's owner.
    pub pool: PgPool,
    /// Asks on behalf of anybody.
    pub http: reqwest::Client,
    /// The environment it runs with: secrets to look for where they must not be.
    pub variables: BTreeMap<String, String>,
    application: Option<Application>,
    sandbox: Running,
    database: TestDatabase,
    _book: tempfile::TempDir,
}

impl TestApp {
    /// Starts everything.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts everything with further variables.
    pub async fn start_with(further: &[(&str, &str)]) -> Self {
        Self::start_all(further, &PARTNERS).await
    }

    /// Starts everything with a support service that takes referrals.
    pub async fn start_beside(service: &str) -> Self {
        let partners: Vec<&str> = PARTNERS.into_iter().chain([service]).collect();
        Self::start_all(&[], &partners).await
    }

    /// Starts everything with one more partner, whose file is in this folder.
    pub async fn start_knowing(partner: &str, folder: &str) -> Self {
        let partners: Vec<&str> = PARTNERS.into_iter().chain([partner]).collect();
        Self::start_all(&[("ANCHOR_PARTNERS_DIR", folder)], &partners).await
    }

    async fn start_all(further: &[(&str, &str)], partners: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let mut app = Self::without_anchor_for(vec![base], further, partners).await;
        app.application = Some(Self::run(app.config(), listener).await);
        app.until_ready().await;
        // Who there is stands in the log from the start, and is listed a moment later.
        app.until_idle().await;
        app
    }

    /// Starts everything but Anchor itself, which will answer at these addresses.
    pub async fn without_anchor(doors: Vec<String>, further: &[(&str, &str)]) -> Self {
        Self::without_anchor_for(doors, further, &PARTNERS).await
    }

    async fn without_anchor_for(
        doors: Vec<String>,
        further: &[(&str, &str)],
        partners: &[&str],
    ) -> Self {
        Self::upon(TestDatabase::create().await, doors, further, partners).await
    }

    /// The same upon a database that stands already.
    pub async fn upon(
        database: TestDatabase,
        doors: Vec<String>,
        further: &[(&str, &str)],
        partners: &[&str],
    ) -> Self {
        anchor::install_tls();
        let pool = PgPool::connect(database.url.expose_secret()).await.unwrap();
        clock::mark_simulated(&pool).await.unwrap();
        let base = doors[0].clone();
        let book = tempfile::tempdir().unwrap();

        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let sandbox_url = format!("http://127.0.0.1:{port}");
        let mut variables = variables(&database.url, &base);
        variables.extend(partners.iter().flat_map(|partner| settings(partner, &sandbox_url)));
        variables.extend(further.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
        let config = Config::read(&|name| variables.get(name).cloned()).unwrap();
        let sandbox = SandboxConfig::acting_as(&config.catalogue, &config.partners)
            .at_port(port)
            .keeping_book_in(book.path().to_owned())
            .sending_webhooks_to(Some(base.parse().unwrap()));
        let sandbox = Sandbox::start(sandbox).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self {
            base,
            doors: Doors::new(doors),
            sandbox_url,
            pool,
            http,
            variables,
            application: None,
            sandbox,
            database,
            _book: book,
        }
    }

    fn config(&self) -> Config {
        Config::read(&|name| self.variables.get(name).cloned()).unwrap()
    }

    /// Starts everything, with one partner not set up.
    pub async fn start_lacking(partner: &str) -> Self {
        let names: Vec<String> = settings(partner, "").into_iter().map(|(name, _)| name).collect();
        let unset: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
        Self::start_with(&unset).await
    }

    async fn run(config: Config, listener: TcpListener) -> Application {
        let parts = Parts { server: true, workers: true };
        Application::start(config, parts, listener).await.unwrap()
    }

    /// Waits until somebody answers that they are ready; fails with what they say instead.
    pub async fn until_ready(&self) {
        let ready = format!("{}/health/ready", self.base);
        let begun = Instant::now();
        loop {
            let said = match self.http.get(&ready).send().await {
                Ok(answer) if answer.status() == 200 => return,
                Ok(answer) => answer.text().await.unwrap_or_default(),
                Err(error) => format!("{error:?}"),
            };
            assert!(begun.elapsed() < PATIENCE, "waited in vain until it is ready: {said}");
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    /// Stops Anchor; the partners stay up.
    pub async fn stop(&mut self) {
        if let Some(application) = self.application.take() {
            application.stop().await;
        }
    }

    /// Stops Anchor, unless it is stopped, and starts it again at the same address.
    pub async fn restart(&mut self) {
        self.stop().await;
        let address = self.base.strip_prefix("http://").unwrap();
        let listener = TcpListener::bind(address).unwrap();
        self.application = Some(Self::run(self.config(), listener).await);
        self.until_ready().await;
    }

    /// Stops Anchor and has it answer alone: nothing is projected, no process runs.
    pub async fn restart_without_workers(&mut self) {
        self.stop().await;
        let address = self.base.strip_prefix("http://").unwrap();
        let listener = TcpListener::bind(address).unwrap();
        let parts = Parts { server: true, workers: false };
        let started = Application::start(self.config(), parts, listener).await;
        self.application = Some(started.unwrap());
        let live = format!("{}/health/live", self.base);
        self.until("it answers", async || self.http.get(&live).send().await.is_ok()).await;
    }

    /// The write side of the running Anchor.
    pub fn ledger(&self) -> Ledger {
        self.application.as_ref().expect("it runs").ledger.clone()
    }

    /// Looks again and again until `holds`; fails with `what` when it does not in time.
    pub async fn until(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        let begun = Instant::now();
        let mut pause = BETWEEN_LOOKS;
        while !holds().await {
            assert!(begun.elapsed() < PATIENCE, "waited in vain until {what}");
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_BETWEEN_LOOKS);
        }
    }

    /// Waits until every projection has reached the head and nothing is due; fails with what is.
    pub async fn until_idle(&self) {
        let begun = Instant::now();
        let mut pause = BETWEEN_LOOKS;
        loop {
            let left = self.left_to_do().await;
            if left.is_empty() {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "waited in vain, still to do: {left:#?}");
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_BETWEEN_LOOKS);
        }
    }

    async fn left_to_do(&self) -> Vec<String> {
        sqlx::query_scalar(
            "SELECT format('projection %s at %s', name, position) FROM checkpoints
              WHERE schema = 'read' AND position <
                       (SELECT coalesce(max(last_position), 0) FROM ledger_batches)
             UNION ALL
             SELECT format('reward %s: %s at %s', reward_id, step, next_at) FROM read.reward_todo
              WHERE step IN ('issue', 'resolve') AND next_at < 'infinity'
                 OR step = 'choose' AND next_at < ledger_now() + interval '5 minutes'
             UNION ALL
             SELECT format('recall of %s at %s', reward_id, next_at) FROM read.recall_todo
              WHERE next_at < 'infinity'
             UNION ALL
             SELECT format('account %s: %s at %s', account_id, step, next_at)
               FROM read.account_todo
              WHERE step IN ('verify', 'unlink') AND next_at < 'infinity'
             UNION ALL
             SELECT format('journey %s at %s', member_id, next_at) FROM read.journey_todo
              WHERE next_at <= ledger_now()
             UNION ALL
             SELECT format('%s of %s: %s, tried %s times', kind, partner_id, reason, attempts)
               FROM inbox WHERE state = 'new'",
        )
        .fetch_all(&self.pool)
        .await
        .unwrap()
    }

    /// The last position of the log.
    pub async fn head(&self) -> i64 {
        sqlx::query_scalar("SELECT coalesce(max(last_position), 0) FROM ledger_batches")
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }

    /// The names of the events after `head`, in order.
    pub async fn events_since(&self, head: i64) -> Vec<String> {
        let after = "SELECT event_type FROM events WHERE position > $1 ORDER BY position";
        sqlx::query_scalar(after).bind(head).fetch_all(&self.pool).await.unwrap()
    }

    /// Fails, naming what was written, unless the log still ends at `head`.
    pub async fn assert_nothing_since(&self, head: i64) {
        let written = self.events_since(head).await;
        assert!(written.is_empty(), "written: {written:?}");
    }

    /// Moves the ledger's and the sandbox's clock.
    pub async fn forward(&self, by: chrono::Duration) {
        clock::forward(&self.pool, by).await.unwrap();
        self.control("clock", json!({ "forward_seconds": by.num_seconds() })).await;
    }

    /// Tells the sandbox to do something.
    pub async fn control(&self, what: &str, body: Value) -> Value {
        let url = format!("{}/control/{what}", self.sandbox_url);
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "control/{what}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// Has the next `times` issuing calls at a partner go wrong.
    pub async fn fault(&self, partner: &str, kind: &str, times: u32) {
        let faults = json!([{ "kind": kind, "times": times }]);
        let body = json!({ "partner": partner, "operation": "issue", "faults": faults });
        self.control("faults", body).await;
    }

    /// The vouchers that the partners really issued.
    pub async fn book(&self) -> Vec<Value> {
        self.books().await["vouchers"].as_array().unwrap().clone()
    }

    /// The credits that they really took.
    pub async fn credits(&self) -> Vec<Value> {
        self.books().await["credits"].as_array().unwrap().clone()
    }

    /// What their customers agreed to.
    pub async fn agreements(&self) -> Vec<Value> {
        self.books().await["agreements"].as_array().unwrap().clone()
    }

    async fn books(&self) -> Value {
        let url = format!("{}/control/book", self.sandbox_url);
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    /// Ends the test: waits for the last work, then checks that nothing was left or set aside.
    pub async fn finish(self) {
        self.until_idle().await;
        let odd: Vec<(String, String)> = sqlx::query_as(
            "SELECT name, coalesce(error, '') FROM checkpoints WHERE state = 'halted'
             UNION ALL SELECT partner_id, coalesce(reason, '') FROM inbox WHERE state = 'parked'",
        )
        .fetch_all(&self.pool)
        .await
        .unwrap();
        assert!(odd.is_empty(), "halted or parked: {odd:?}");
        self.end().await;
    }

    /// Ends a test whose database's server is not there any more.
    pub async fn leave(self) {
        self.sandbox.stop().await;
        self.pool.close().await;
    }

    /// Ends a test that leaves something parked on purpose.
    pub async fn end(self) {
        if let Some(application) = self.application {
            application.stop().await;
        }
        self.sandbox.stop().await;
        self.pool.close().await;
        self.database.drop().await;
    }
}

/// What an Anchor in this database, reached there, runs with, but for its partners.
pub fn variables(database: &SecretString, base: &str) -> BTreeMap<String, String> {
    let variables = BTreeMap::from([
        ("DATABASE_URL", database.expose_secret().to_owned()),
        ("ENCRYPTION_KEY", "5a".repeat(32)),
        ("SUPABASE_URL", ISSUER.to_owned()),
        ("SUPABASE_JWT_SECRET", JWT_SECRET.to_owned()),
        ("ANCHOR_PUBLIC_URL", base.to_owned()),
        // Time is moved by years in some; who tests statements turns this on.
        ("ANCHOR_PULL_STATEMENTS", "false".to_owned()),
    ]);
    variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// What a partner's API and webhooks need, at this sandbox.
pub fn settings(partner: &str, sandbox: &str) -> [(String, String); 4] {
    let name = |ending: &str| format!("{}_{ending}", partner.to_uppercase().replace('-', "_"));
    [
        (name("API_URL"), format!("{sandbox}/{partner}")),
        (name("CLIENT_ID"), format!("anchor-{partner}")),
        (name("CLIENT_SECRET"), format!("{partner}-client-secret-of-the-tests")),
        (name("WEBHOOK_SECRET"), format!("{partner}-webhook-secret-of-the-tests")),
    ]
}
