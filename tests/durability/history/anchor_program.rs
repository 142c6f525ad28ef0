//! What does the real program say, and with which exit code?

use std::process::Stdio;

use secrecy::{ExposeSecret, SecretString};
use tokio::process::{Child, Command};

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Its exit code; none when it was killed.
    pub code: Option<i32>,
    /// What it printed.
    pub said: String,
    /// What it told people beside.
    pub beside: String,
}

/// Starts `anchor` with these words against this database.
pub fn start(url: &SecretString, words: &[&str]) -> Child {
    let url = url.expose_secret();
    Command::new(env!("CARGO_BIN_EXE_anchor"))
        .args(words)
        .current_dir(std::env::temp_dir())
        .envs([("DATABASE_URL", url), ("DATABASE_OWNER_URL", url)])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// Waits for its end.
pub async fn end(program: Child) -> Ended {
    let output = program.wait_with_output().await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ended { code: output.status.code(), said: text(&output.stdout), beside: text(&output.stderr) }
}

/// Runs it to its end.
pub async fn run(url: &SecretString, words: &[&str]) -> Ended {
    end(start(url, words)).await
}
