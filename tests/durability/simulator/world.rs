//! Where is it all? A Postgres of its own that keeps what it acknowledged, the partners, the door
//! that members and partners knock at, two workers, and a clock that is moved.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anchor::access::{NewToken, Role as Who, mint};
use anchor::clock;
use anchor::config::Config;
use anchor::database::{Role, connect, migrate};
use anchor::ledger::{EngineLimits, Ledger};
use anchor::postgres::{Durability, PrivateCluster};
use anchor::processes::describe_partners::describe_partners;
use anchor::sandbox::{Running, Sandbox, SandboxConfig};
use anchor::startup::{Application, Parts};
use chrono::{DateTime, Utc};
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sqlx::postgres::PgPoolOptions;
use sqlx::{Executor, PgPool};
use uuid::Uuid;

use super::book::PartnersBook;
use super::go_between::Bug;
use super::worker::{Setting, Worker};
use crate::line::Line;

const JWT_SECRET: &str = "a-secret-of-the-simulator-that-is-long-enough";
const ISSUER: &str = "http://127.0.0.1:54321";
const PARTNERS: [&str; 13] = [
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

/// A server keeps a connection open for longer, the sandbox for five seconds.
const KEPT_OPEN: Duration = Duration::from_secs(2);
/// A database that was stopped at once is there again within so long.
const COMES_BACK: Duration = Duration::from_secs(60);
const ASKED_AGAIN: Duration = Duration::from_millis(50);
/// Which worker a connection is of, for the server.
const NAMES: [&str; 2] = ["worker_0", "worker_1"];

/// An answer of the door.
pub struct Answer {
    pub status: u16,
    pub position: Option<i64>,
    pub body: Value,
}

/// All that stands while a run goes on.
pub struct World {
    pub owner: PgPool,
    /// What it runs with.
    pub config: Config,
    /// Lines to the database: the door's, and each worker's.
    pub lines: [Line; 3],
    pub folder: tempfile::TempDir,
    /// What the partners write down.
    pub book: PartnersBook,
    cluster: Mutex<PrivateCluster>,
    door: Application,
    base: String,
    sandbox: Running,
    sandbox_url: String,
    http: reqwest::Client,
}

impl World {
    /// Makes it, with two workers.
    pub async fn make(seed: u64, bug: Option<Bug>) -> (Self, [Worker; 2]) {
        anchor::install_tls();
        let folder = folder();
        let data = folder.path().join("pg");
        let cluster = PrivateCluster::start(&data, Durability::Durable).await.unwrap();
        cluster.create_database_if_missing("world").await.unwrap();
        let url = cluster.url("world");
        migrate(&url).await.unwrap();
        let owner = owner(&url).await;
        clock::mark_simulated(&owner).await.unwrap();
        if bug == Some(Bug::LooksNothingUp) {
            crate::storms::taken_away::the_look_up(&owner).await;
        }

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let sandbox_url = format!("http://127.0.0.1:{port}");
        let lines = [Line::to(&url).await, Line::to(&url).await, Line::to(&url).await];
        let variables = |line: &Line| variables(&line.url, &base, &sandbox_url);
        let door_variables = variables(&lines[0]);
        let config = Config::read(&|name| door_variables.get(name).cloned()).unwrap();
        let book = folder.path().join("book");
        let sandbox = SandboxConfig::acting_as(&config.catalogue, &config.partners)
            .at_port(port)
            .with_seed(seed)
            .keeping_book_in(book.clone())
            .sending_webhooks_to(Some(base.parse().unwrap()));
        let sandbox = Sandbox::start(sandbox).await.unwrap();
        describe(&url, &config).await;
        let parts = Parts { server: true, workers: false };
        let for_door = Config::read(&|name| door_variables.get(name).cloned()).unwrap();
        let door = Application::start(for_door, parts, listener).await.unwrap();
        let worker = |number: usize| {
            let line = &lines[1 + number];
            let url = format!("{}?application_name={}", line.url.expose_secret(), NAMES[number]);
            let url = SecretString::from(url);
            Worker::start(Setting { url, variables: variables(line), bug })
        };
        let workers = [worker(0), worker(1)];
        let world = Self {
            owner,
            config,
            lines,
            book: PartnersBook::kept_in(&book),
            folder,
            cluster: Mutex::new(cluster),
            door,
            base,
            sandbox,
            sandbox_url,
            http: client(),
        };
        (world, workers)
    }

    /// The ledger's time.
    pub async fn now(&self) -> DateTime<Utc> {
        let now = || sqlx::query_scalar("SELECT ledger_now()").fetch_one(&self.owner);
        self.answered(now).await
    }

    /// What the database says, once it is there: it may have been stopped at this very moment.
    pub async fn answered<T, Asked>(&self, ask: impl Fn() -> Asked + Send) -> T
    where
        Asked: Future<Output = Result<T, sqlx::Error>> + Send,
    {
        let begun = Instant::now();
        loop {
            match ask().await {
                Ok(said) => return said,
                Err(error) if begun.elapsed() > COMES_BACK => panic!("{error}"),
                Err(_) => tokio::time::sleep(ASKED_AGAIN).await,
            }
        }
    }

    /// Moves the ledger's and the partners' clock.
    pub async fn forward(&self, by: chrono::Duration) {
        clock::forward(&self.owner, by).await.unwrap();
        let seconds = by.num_seconds().max(1);
        self.control("clock", json!({ "forward_seconds": seconds })).await;
        self.door.clock.read_again(&self.owner).await.unwrap();
    }

    /// The server ends transactions of a worker that stands still in the middle of one, as it does
    /// after seconds that nobody has to wait for.
    pub async fn end_open_transactions(&self, worker: usize) {
        let ended = sqlx::query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE application_name = $1 AND state = 'idle in transaction'",
        );
        // It may have been stopped just now: then there are none.
        ended.bind(NAMES[worker]).execute(&self.owner).await.ok();
    }

    /// Tells the partners to do something; nothing when they cannot.
    pub async fn control(&self, what: &str, body: Value) -> Option<Value> {
        let url = format!("{}/control/{what}", self.sandbox_url);
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        if answer.status().is_success() { answer.json().await.ok() } else { None }
    }

    /// What the partners say that they have in their book.
    pub async fn said_by_partners(&self) -> Value {
        let url = format!("{}/control/book", self.sandbox_url);
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    /// Knocks at the door as a member, or as the app's own service.
    pub async fn ask(
        &self,
        member: Option<Uuid>,
        (method, path): (Method, &str),
        body: Option<Value>,
    ) -> Answer {
        let role = if member.is_some() { Who::Member } else { Who::Service };
        let token = NewToken {
            sub: member.unwrap_or_else(Uuid::now_v7),
            role,
            partner_id: None,
            has_second_factor: true,
            ttl: chrono::Duration::hours(1),
        };
        let token = mint(&SecretString::from(JWT_SECRET), &ISSUER.parse().unwrap(), &token);
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.base))
            .bearer_auth(token.unwrap().expose_secret());
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let position = answer.headers().get("Ledger-Position");
        let position = position.and_then(|value| value.to_str().ok()?.parse().ok());
        let status = answer.status().as_u16();
        Answer { status, position, body: answer.json().await.unwrap_or(Value::Null) }
    }

    /// Stops the database at once and starts it again.
    pub fn stop_database_at_once(&self) {
        self.cluster.lock().unwrap().crash_and_restart().unwrap();
    }

    /// Takes it all down.
    pub async fn end(self) {
        let Self { owner, cluster, door, sandbox, .. } = self;
        door.stop().await;
        sandbox.stop().await;
        owner.close().await;
        cluster.into_inner().unwrap().stop().await;
    }
}

/// Sends nothing on a connection that its server is about to close.
fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().pool_idle_timeout(KEPT_OPEN).build().unwrap()
}

/// Looks at everything, through connections that are tried before they are used: the database may
/// have been stopped since.
async fn owner(url: &SecretString) -> PgPool {
    PgPoolOptions::new()
        .max_connections(16)
        .after_connect(|connection, _| {
            Box::pin(async move {
                connection.execute("SET search_path = public, read; SET timezone = 'UTC'").await?;
                Ok(())
            })
        })
        .connect(url.expose_secret())
        .await
        .unwrap()
}

/// Who there is stands in the log before anybody works.
async fn describe(url: &SecretString, config: &Config) {
    let pool = connect(url, Role::App, 2).await.unwrap();
    let clock = clock::Clock::follow(pool.clone()).await.unwrap();
    let ledger = Ledger::start(url, clock, EngineLimits::default()).await.unwrap();
    describe_partners(&ledger, &config.catalogue, &config.partners).await.unwrap();
    ledger.stop().await;
    pool.close().await;
}

/// In memory where the system offers that; passable for a server that is another user than we.
fn folder() -> tempfile::TempDir {
    let prefix = || {
        let mut folder = tempfile::Builder::new();
        let passable = std::fs::Permissions::from_mode(0o711);
        folder.prefix("anchor-simulator-").permissions(passable);
        folder
    };
    prefix().tempdir_in("/dev/shm").or_else(|_| prefix().tempdir()).unwrap()
}

fn variables(database: &SecretString, base: &str, sandbox: &str) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::from([
        ("DATABASE_URL".to_owned(), database.expose_secret().to_owned()),
        ("ENCRYPTION_KEY".to_owned(), "5a".repeat(32)),
        ("SUPABASE_URL".to_owned(), ISSUER.to_owned()),
        ("SUPABASE_JWT_SECRET".to_owned(), JWT_SECRET.to_owned()),
        ("ANCHOR_PUBLIC_URL".to_owned(), base.to_owned()),
        ("ANCHOR_RATE_PER_ADDRESS".to_owned(), "0".to_owned()),
    ]);
    for partner in PARTNERS {
        let prefix = partner.to_uppercase().replace('-', "_");
        let mut set = |ending: &str, value: String| {
            variables.insert(format!("{prefix}_{ending}"), value);
        };
        set("API_URL", format!("{sandbox}/{partner}"));
        set("CLIENT_ID", format!("anchor-{partner}"));
        set("CLIENT_SECRET", format!("{partner}-client-secret-of-the-simulator"));
        set("WEBHOOK_SECRET", format!("{partner}-webhook-secret-of-the-simulator"));
    }
    variables
}

/// So long is waited for what happens by itself.
pub const PATIENCE: Duration = Duration::from_secs(20);
