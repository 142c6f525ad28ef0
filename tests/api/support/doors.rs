//! Where does a test ask, when Anchor is several processes? At one after the other.

use std::net::TcpListener;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

use super::TestApp;

/// A request whose process dies under it is made again, perhaps twice.
const TRIES_A_DOOR: usize = 3;

/// The addresses at which Anchor answers.
pub struct Doors {
    bases: Vec<String>,
    next: AtomicUsize,
}

impl Doors {
    /// These.
    pub fn new(bases: Vec<String>) -> Self {
        Self { bases, next: AtomicUsize::new(0) }
    }

    /// Whose turn it is.
    pub fn next(&self) -> &str {
        &self.bases[self.next.fetch_add(1, Ordering::Relaxed) % self.bases.len()]
    }

    /// How often a request is made before nobody is thought to be in.
    pub fn tries(&self) -> usize {
        if self.bases.len() == 1 { 1 } else { self.bases.len() * TRIES_A_DOOR }
    }
}

/// A process of its own: `anchor serve`.
pub struct ServerProcess {
    base: String,
    process: Child,
}

impl ServerProcess {
    /// So many of them on one database, with one sandbox.
    pub async fn start_several(count: usize) -> (TestApp, Vec<Self>) {
        Self::start_several_with(count, &[]).await
    }

    /// The same with further variables.
    pub async fn start_several_with(
        count: usize,
        further: &[(&str, &str)],
    ) -> (TestApp, Vec<Self>) {
        let bases = Self::addresses(count);
        let app = TestApp::without_anchor(bases.clone(), further).await;
        let processes = Self::start_at(&app, bases).await;
        (app, processes)
    }

    /// So many addresses that are free.
    pub fn addresses(count: usize) -> Vec<String> {
        // All at once, so that none is given twice.
        let listeners: Vec<_> =
            (0..count).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let base = |listener: &TcpListener| format!("http://{}", listener.local_addr().unwrap());
        listeners.iter().map(base).collect()
    }

    /// One at each of these addresses.
    pub async fn start_at(app: &TestApp, bases: Vec<String>) -> Vec<Self> {
        let start = |base: String| {
            let process = Self::run(app, &base);
            Self { base, process }
        };
        let processes: Vec<Self> = bases.into_iter().map(start).collect();
        for process in &processes {
            process.until_ready(app).await;
        }
        processes
    }

    fn run(app: &TestApp, base: &str) -> Child {
        Command::new(env!("CARGO_BIN_EXE_anchor"))
            .arg("serve")
            .env_clear()
            .envs(&app.variables)
            .env("ANCHOR_LISTEN", base.strip_prefix("http://").unwrap())
            .current_dir(std::env::temp_dir())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap()
    }

    /// Waits until it says that it is ready.
    pub async fn until_ready(&self, app: &TestApp) {
        let ready = format!("{}/health/ready", self.base);
        app.until("a server is ready", async || {
            app.http.get(&ready).send().await.is_ok_and(|answer| answer.status() == 200)
        })
        .await;
    }

    /// Where it answers.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// How much memory it has, in kB.
    pub fn resident_kb(&self) -> u64 {
        let status = format!("/proc/{}/status", self.process.id().unwrap());
        let status = std::fs::read_to_string(status).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches("kB").trim().parse().unwrap()
    }

    /// Sends it a signal, such as one that makes it stand still.
    pub fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.process.id().unwrap()).unwrap();
        kill(Pid::from_raw(id), signal).unwrap();
    }

    /// Kills it without a word, as by `kill -9`.
    pub async fn kill(&mut self) {
        self.process.kill().await.unwrap();
    }

    /// Starts another at its address.
    pub async fn start_again(&mut self, app: &TestApp) {
        self.set_off_again(app);
        self.until_ready(app).await;
    }

    /// The same, without waiting until it is ready; one that is still there is killed first.
    pub fn set_off_again(&mut self, app: &TestApp) {
        self.process = Self::run(app, &self.base);
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.process.try_wait().unwrap().is_some()
    }

    /// Has it end in order.
    pub async fn stop(mut self) {
        self.signal(Signal::SIGTERM);
        assert!(self.process.wait().await.unwrap().success(), "it ends in order");
    }
}
