//! What does the real program say, run as an operator would?

use std::collections::BTreeMap;
use std::process::Stdio;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// How a run ended.
pub struct Ended {
    /// Its exit code.
    pub code: i32,
    /// What it printed.
    pub said: String,
    /// What it told people beside.
    pub beside: String,
}

/// Runs `anchor` with these words in this environment alone, and types this.
pub async fn anchor(variables: &BTreeMap<String, String>, words: &[&str], typed: &str) -> Ended {
    let mut child = Command::new(env!("CARGO_BIN_EXE_anchor"))
        .args(words)
        .env_clear()
        .envs(variables)
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A program that has ended already reads nothing.
    let _ = stdin.write_all(typed.as_bytes()).await;
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let code = output.status.code().unwrap();
    Ended { code, said: text(&output.stdout), beside: text(&output.stderr) }
}
