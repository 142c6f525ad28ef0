//! Where is a flow played? In a house of its own: a database that keeps what it acknowledged, the
//! partners, an Anchor that is started again whenever it dies, and a line to each of them.
//!
//! ```text
//! client ──line──▶ anchor serve ──line──▶ Postgres
//!                    ▲      └────line──▶ partners
//!                    └──────line──────────┘ webhooks
//! ```

use std::collections::BTreeMap;
use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anchor::clock;
use anchor::config::Config;
use anchor::database::{Role, connect, migrate};
use anchor::postgres::{Durability, PrivateCluster};
use anchor::sandbox::{Running, Sandbox, SandboxConfig};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::process::Command;
use tokio::task::JoinHandle;

use super::asking::until;
use super::lines::http::HttpLine;
use super::lines::postgres;
use super::stage::Stage;
use crate::whole::app::variables;
use crate::whole::settings;

/// Whose partners take part.
const PARTNERS: [&str; 3] = ["woolworths", "coles", "agl"];
/// Longer than every lease, and than the wait before an open attempt is looked into.
const A_WHILE_SECONDS: i64 = 100;
/// An operating system lets a little time go by before it starts another.
const BEFORE_ANOTHER: Duration = Duration::from_millis(50);
/// As many as comparing read models takes, and some to look meanwhile.
const OWNERS_CONNECTIONS: u32 = 8;

/// A house, and who lives in it.
pub struct House {
    /// Where things go wrong.
    pub stage: Arc<Stage>,
    /// For looking behind the scenes, by a line of its own.
    pub owner: PgPool,
    /// Where Anchor answers, without a line.
    pub base: String,
    /// Where it answers through one.
    pub door: HttpLine,
    /// Through which webhooks come.
    pub webhooks: HttpLine,
    /// Through which the partners are asked.
    pub calls: HttpLine,
    /// What Anchor runs with.
    pub variables: BTreeMap<String, String>,
    /// Asks on behalf of anybody.
    pub http: reqwest::Client,
    /// The database, by no line.
    pub direct: SecretString,
    secrets: Mutex<Vec<(String, String)>>,
    sandbox_url: String,
    sandbox: Running,
    cluster: Arc<Mutex<Option<PrivateCluster>>>,
    keeper: JoinHandle<()>,
    is_over: Arc<AtomicBool>,
    folder: tempfile::TempDir,
}

impl House {
    /// A new one, with everybody in.
    pub async fn open() -> Self {
        anchor::install_tls();
        let folder = folder();
        let data = folder.path().join("pg");
        let cluster = PrivateCluster::start(&data, Durability::Durable).await.unwrap();
        cluster.create_database_if_missing("house").await.unwrap();
        let direct = cluster.url("house");
        migrate(&direct).await.unwrap();
        let owner = connect(&direct, Role::Owner, OWNERS_CONNECTIONS).await.unwrap();
        clock::mark_simulated(&owner).await.unwrap();
        let cluster = Arc::new(Mutex::new(Some(cluster)));
        let stage = Arc::new(Stage::new(cluster.clone()));

        let mut through: url::Url = direct.expose_secret().parse().unwrap();
        let server = local(through.port().unwrap());
        through.set_port(Some(postgres::open(server, stage.clone()).await)).unwrap();
        let (serves, sandbox_port) = (free_port(), free_port());
        let base = format!("http://127.0.0.1:{serves}");
        let calls = HttpLine::open("ask", local(sandbox_port), stage.clone()).await;
        let webhooks = HttpLine::open("tell", local(serves), stage.clone()).await;
        let door = HttpLine::open("wish", local(serves), stage.clone()).await;
        let mut variables = variables(&through.to_string().into(), &base);
        variables.extend(PARTNERS.iter().flat_map(|partner| settings(partner, &calls.url)));

        let config = Config::read(&|name| variables.get(name).cloned()).unwrap();
        let acting = SandboxConfig::acting_as(&config.catalogue, &config.partners)
            .at_port(sandbox_port)
            .keeping_book_in(folder.path().join("book"))
            .sending_webhooks_to(Some(webhooks.url.parse().unwrap()));
        let sandbox = Sandbox::start(acting).await.unwrap();
        let is_over = Arc::new(AtomicBool::new(false));
        let log = File::create(folder.path().join("log")).unwrap();
        let keeper = tokio::spawn(keep_running(
            Program { variables: variables.clone(), port: serves, log },
            stage.clone(),
            is_over.clone(),
        ));
        // A connection that is kept may be closed by the other side at the moment it is used.
        let http =
            reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
        let sandbox_url = format!("http://127.0.0.1:{sandbox_port}");
        let house = Self {
            stage,
            owner,
            base,
            door,
            webhooks,
            calls,
            variables,
            http,
            direct,
            secrets: Mutex::default(),
            sandbox_url,
            sandbox,
            cluster,
            keeper,
            is_over,
            folder,
        };
        house.until_ready().await;
        house
    }

    /// Waits until Anchor says that it is ready.
    pub async fn until_ready(&self) {
        let ready = format!("{}/health/ready", self.base);
        let is_ready = async || {
            let answer = self.http.get(&ready).send().await;
            answer.is_ok_and(|answer| answer.status() == 200)
        };
        until("it is ready", is_ready).await.unwrap();
    }

    /// Has Anchor begin anew, without anything in its memory.
    pub async fn start_again(&self) {
        self.stage.kill();
        tokio::time::sleep(Duration::from_millis(50)).await;
        self.until_ready().await;
    }

    /// A while goes by, for every clock and lease there is; nothing while the database is away.
    pub async fn let_a_while_pass(&self) {
        let by = chrono::Duration::seconds(A_WHILE_SECONDS);
        clock::forward(&self.owner, by).await.ok();
        // These go by the real clock.
        let real = "UPDATE inbox SET next_at = next_at - interval '100 s' WHERE state = 'new';
                    UPDATE idempotent_requests SET begun_at = begun_at - interval '100 s'
                     WHERE status IS NULL";
        sqlx::raw_sql(real).execute(&self.owner).await.ok();
        self.control("clock", json!({ "forward_seconds": A_WHILE_SECONDS })).await;
    }

    /// Moves the ledger's and the partners' clocks.
    pub async fn forward(&self, by: chrono::Duration) {
        clock::forward(&self.owner, by).await.unwrap();
        self.control("clock", json!({ "forward_seconds": by.num_seconds() })).await;
    }

    /// The ledger's day, in Sydney.
    pub async fn today(&self) -> Result<chrono::NaiveDate, String> {
        let now = async || sqlx::query_scalar("SELECT ledger_now()").fetch_one(&self.owner).await;
        let now: chrono::DateTime<chrono::Utc> = self.behind_the_scenes(now).await?;
        Ok(now.with_timezone(&chrono_tz::Australia::Sydney).date_naive())
    }

    /// What the database says, once it is there: it may be the very thing that was just stopped.
    pub async fn behind_the_scenes<T>(
        &self,
        ask: impl AsyncFn() -> Result<T, sqlx::Error>,
    ) -> Result<T, String> {
        let mut said = None;
        let is_said = async || {
            said = ask().await.ok();
            said.is_some()
        };
        until("the database answers", is_said).await?;
        said.ok_or_else(|| "the database said nothing".to_owned())
    }

    /// Tells the partners to do something.
    pub async fn control(&self, what: &str, body: Value) -> Value {
        let url = format!("{}/control/{what}", self.sandbox_url);
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "control/{what}: {answer:?}");
        answer.json().await.unwrap()
    }

    /// What the partners have in their books. Asked again where a busy machine did not come to it.
    pub async fn books(&self, which: &str) -> Value {
        let url = format!("{}/control/{which}", self.sandbox_url);
        let mut books = None;
        let are_there = async || {
            if let Ok(answer) = self.http.get(&url).send().await {
                books = answer.json().await.ok();
            }
            books.is_some()
        };
        until("the partners show their books", are_there).await.unwrap();
        books.unwrap_or_default()
    }

    /// All that Anchor has said.
    pub fn said(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// Keeps in mind what must be found nowhere, with what it is.
    pub fn remember(&self, secrets: Vec<(String, String)>) {
        self.secrets.lock().unwrap().extend(secrets);
    }

    /// All of that.
    pub fn remembered(&self) -> Vec<(String, String)> {
        self.secrets.lock().unwrap().clone()
    }

    /// Everybody goes.
    pub async fn close(self) {
        self.is_over.store(true, Ordering::SeqCst);
        self.stage.kill();
        self.keeper.await.unwrap();
        self.sandbox.stop().await;
        self.owner.close().await;
        let cluster = self.cluster.lock().unwrap().take();
        cluster.unwrap().stop().await;
    }
}

struct Program {
    variables: BTreeMap<String, String>,
    port: u16,
    log: File,
}

/// As an operating system would: whoever dies is started again.
async fn keep_running(program: Program, stage: Arc<Stage>, is_over: Arc<AtomicBool>) {
    while !is_over.load(Ordering::SeqCst) {
        let mut process = Command::new(env!("CARGO_BIN_EXE_anchor"))
            .arg("serve")
            .env_clear()
            .envs(&program.variables)
            .env("ANCHOR_LISTEN", format!("127.0.0.1:{}", program.port))
            .env("ANCHOR_LOG_FORMAT", "json")
            .env("RUST_LOG", "info")
            .current_dir(std::env::temp_dir())
            .stdin(Stdio::null())
            .stdout(program.log.try_clone().unwrap())
            .stderr(program.log.try_clone().unwrap())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        stage.runs(process.id());
        if is_over.load(Ordering::SeqCst) {
            stage.kill();
        }
        process.wait().await.unwrap();
        stage.runs(None);
        tokio::time::sleep(BEFORE_ANOTHER).await;
    }
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// In memory where the system offers that: what a stop at once leaves does not depend on the disk.
fn folder() -> tempfile::TempDir {
    let mut folder = tempfile::Builder::new();
    folder.prefix("anchor-house-").permissions(std::fs::Permissions::from_mode(0o711));
    folder.tempdir_in("/dev/shm").or_else(|_| folder.tempdir()).unwrap()
}
