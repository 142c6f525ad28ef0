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
        // All at once, so that none is given twice.
        let listeners: Vec<_> =
            (0..count).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let base = |listener: &TcpListener| format!("http://{}", listener.local_addr().unwrap());
        let bases: Vec<String> = listeners.iter().map(base).collect();
        drop(listeners);
        let app = TestApp::without_anchor(bases.clone(), further).await;
        let mut processes = Vec::new();
        for base in bases {
            let process = Self::run(&app, &base);
            processes.push(Self { base, process });
        }
        for process in &processes {
            process.until_ready(&app).await;
        }
        (app, processes)
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

    async fn until_ready(&self, app: &TestApp) {
        let ready = format!("{}/health/ready", self.base);
        app.until("a server is ready", async || {
            app.http.get(&ready).send().await.is_ok_and(|answer| answer.status() == 200)
        })
        .await;
    }

    /// Kills it without a word, as by `kill -9`.
    pub async fn kill(&mut self) {
        self.process.kill().await.unwrap();
    }

    /// Starts another at its address.
    pub async fn start_again(&mut self, app: &TestApp) {
        self.process = Self::run(app, &self.base);
        self.until_ready(app).await;
    }

    /// Has it end in order.
    pub async fn stop(mut self) {
        let id = i32::try_from(self.process.id().unwrap()).unwrap();
        kill(Pid::from_raw(id), Signal::SIGTERM).unwrap();
        assert!(self.process.wait().await.unwrap().success(), "it ends in order");
    }
}
