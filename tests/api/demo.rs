//! Does `anchor demo` do what it says: tell its story, go on where it was, and say by its exit code
//! whether the books agree?
//!
//! Rows: U5, U6, A1.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

const PATIENCE: Duration = Duration::from_secs(120);
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// A folder that the private server's own user can pass.
fn folder() -> TempDir {
    let passable = std::fs::Permissions::from_mode(0o711);
    tempfile::Builder::new().prefix("anchor-tests-").permissions(passable).tempdir().unwrap()
}

/// `anchor demo` in `folder`, on any port.
fn demo(folder: &Path, further: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_anchor"));
    command.args(["demo", "--port", "0", "--data-dir"]).arg(folder).args(further);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // A test that fails leaves nothing: the private server ends once its folder is gone.
    command.kill_on_drop(true);
    command
}

async fn played(folder: &Path, further: &[&str]) -> Output {
    let ended = demo(folder, further).output();
    tokio::time::timeout(PATIENCE, ended).await.expect("it ends in time").unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn server_runs(folder: &Path) -> bool {
    folder.join("pg/pgdata/postmaster.pid").exists()
}

async fn stop(child: Child) -> Output {
    let id = child.id().expect("it still runs");
    kill(Pid::from_raw(id.try_into().unwrap()), Signal::SIGTERM).unwrap();
    tokio::time::timeout(PATIENCE, child.wait_with_output()).await.expect("it stops").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_story_ends_with_books_that_agree_and_with_exit_1_when_they_are_made_to_differ() {
    anchor::install_tls();
    let place = folder();
    let first = played(place.path(), &["--once", "--json"]).await;
    assert_eq!(first.status.code(), Some(0), "{}", text(&first.stderr));
    let told: Value = serde_json::from_slice(&first.stdout).expect("one JSON value, nothing else");
    assert_eq!((&told["agree"], &told["vouchers"]), (&true.into(), &6.into()), "{told}");
    assert_eq!(told["credits"], 2, "{told}");
    let figures = told["partners"].as_array().unwrap();
    let woolworths = figures.iter().find(|line| line["partner_id"] == "woolworths").unwrap();
    let figures = ["issued", "redeemed", "outstanding"].map(|name| woolworths[name].as_str());
    assert_eq!(figures, [Some("20.00"), Some("20.00"), Some("0.00")]);
    assert!(!server_runs(place.path()));

    what_is_printed_to_be_pasted_works(place.path()).await;

    let book = place.path().join("sandbox/book.jsonl");
    let written = std::fs::read_to_string(&book).unwrap();
    let altered = written.replace("\"remaining\":\"200.00\"", "\"remaining\":\"195.00\"");
    assert_ne!(written, altered);
    std::fs::write(&book, altered).unwrap();
    let differs = played(place.path(), &["--once"]).await;
    assert_eq!(differs.status.code(), Some(1));
    let why = text(&differs.stderr);
    assert!(why.contains("fuel-voucher") && why.contains("redeemed 5.00"), "{why}");
    assert!(text(&differs.stdout).contains("THE BOOKS DISAGREE"));
    assert!(!server_runs(place.path()));
}

/// Starts the demo again, to stay up, and tries every line below "Try these".
async fn what_is_printed_to_be_pasted_works(folder: &Path) {
    let mut child = demo(folder, &[]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut said = Vec::new();
    let until_the_end = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.starts_with("Ctrl-C") {
                break;
            }
            said.push(line);
        }
    };
    tokio::time::timeout(PATIENCE, until_the_end).await.expect("it is up in time");
    assert!(said.iter().any(|line| line.contains("goes on where it was")), "{said:?}");
    assert!(
        said.iter().any(|line| line.ends_with("6 vouchers, 2 credits, the books agree")),
        "{said:?}"
    );
    let begin = said.iter().position(|line| line == "Try these:").expect("there are calls");
    let (calls, commands): (Vec<&str>, Vec<&str>) = said[begin + 1..]
        .iter()
        .map(|line| line.trim())
        .filter(|line| !line.is_empty())
        .partition(|line| line.starts_with("curl -s "));
    assert_eq!((calls.len(), commands.len()), (3, 1), "{said:?}");
    for call in calls {
        let url = call.split(' ').nth(2).unwrap();
        let token = call.split("Bearer ").nth(1).unwrap_or_default().trim_end_matches('\'');
        let request = reqwest::Client::builder().no_proxy().build().unwrap().get(url);
        let answer = request.bearer_auth(token).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{url}");
    }
    // Whatever DATABASE_URL says: the folder was named.
    let moved = Command::new("sh")
        .args(["-c", commands[0]])
        .env("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing")
        .output()
        .await
        .unwrap();
    assert!(moved.status.success(), "{}", text(&moved.stderr));
    assert!(text(&moved.stdout).contains("3 days and 0 hours ahead"), "{}", text(&moved.stdout));
    assert_eq!(stop(child).await.status.code(), Some(0));
    assert!(!server_runs(folder));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_folder_is_one_demos_and_a_stop_while_it_starts_leaves_nothing_running() {
    let place = folder();
    let starting = demo(place.path(), &["--once"]).spawn().unwrap();
    let begun = Instant::now();
    while !server_runs(place.path()) {
        assert!(begun.elapsed() < PATIENCE, "the private server starts");
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    for further in [&["--once"][..], &["--once", "--fresh"]] {
        let refused = played(place.path(), further).await;
        assert_eq!(refused.status.code(), Some(1));
        let why = text(&refused.stderr);
        assert!(why.contains("a demo is running in"), "{why}");
    }
    let elsewhere = folder();
    let without = demo(elsewhere.path(), &[]).env("ANCHOR_PG_BIN", "/nowhere").output().await;
    let without = without.unwrap();
    assert_eq!(without.status.code(), Some(1));
    assert!(text(&without.stderr).contains("apt-get install"), "{}", text(&without.stderr));

    let stopped = stop(starting).await;
    assert_eq!(stopped.status.code(), Some(1), "nothing was compared");
    let why = text(&stopped.stderr);
    assert!(why.contains("stopped before the books were compared"), "{why}");
    assert!(!server_runs(place.path()));
}
