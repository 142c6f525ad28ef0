//! Do the packages that others verify webhooks with take ours, byte for byte? Those of npm and of
//! PyPI, as their documentation uses them.
//!
//! Rows: U4, W2.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::receiver::Came;

/// What both say of a notice under this secret: what it holds, or none when both refuse it. They
/// never differ.
pub fn verified(secret: &str, came: &Came) -> Option<Value> {
    let told = json!({
        "secret": secret,
        "headers": {
            "webhook-id": came.id,
            "webhook-timestamp": came.timestamp,
            "webhook-signature": came.signature,
        },
        "body": STANDARD.encode(&came.body),
    });
    let npm = ask("node", "verify.mjs", &told);
    let pypi = ask(".venv/bin/python", "verify.py", &told);
    assert_eq!(npm.get("held"), pypi.get("held"), "npm: {npm}; PyPI: {pypi}");
    npm.get("held").cloned()
}

fn ask(program: &str, script: &str, told: &Value) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign");
    let own = folder.join(program);
    let program = if own.exists() { own } else { program.into() };
    let mut child = Command::new(program)
        .arg(script)
        .current_dir(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("`cargo check-all` installs what npm and PyPI have (nodejs, npm, python3-venv)");
    child.stdin.take().unwrap().write_all(told.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    serde_json::from_str(&said).unwrap_or_else(|_| panic!("{script} said: {said}"))
}
