//! Runs every check: format, lints, and all tests against a private Postgres that is gone
//! afterwards.
//!
//! `cargo check-all` runs all of it, `cargo check-all -- NAME` only the tests whose name contains
//! NAME. Two runs at once do not meet: each has a server, a folder and ports of its own.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anchor::cli::serve::StopSignal;
use anchor::database;
use anchor::postgres::{Durability, PrivateCluster};
use anyhow::{Context as _, bail};
use secrecy::ExposeSecret;
use test_database::{SERVER_VARIABLE, TEMPLATE};

/// What cargo tells the program it runs about that program's own package. Build scripts read the
/// same names: handed down to another cargo they look changed, and half of what a plain `cargo
/// build` made would be built again, every time one follows the other.
const ABOUT_THIS_PACKAGE: [&str; 5] =
    ["CARGO_BIN_", "CARGO_CRATE_", "CARGO_MANIFEST_", "CARGO_PKG_", "CARGO_PRIMARY_"];

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let checked = match StopSignal::listen() {
        Ok(mut stop) => tokio::select! {
            checked = check(&arguments) => checked,
            () = stop.received() => Err(anyhow::anyhow!("stopped")),
        },
        Err(error) => Err(error),
    };
    match checked {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("check-all: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn check(arguments: &[String]) -> anyhow::Result<()> {
    let is_whole = arguments.is_empty();
    if is_whole {
        cargo(&["fmt", "--all", "--check"], &[]).await?;
        let lints = ["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"];
        cargo(&lints, &[]).await?;
    }
    let missing = missing_packages();
    if !missing.is_empty() {
        bail!("the tests need `apt-get install -y --no-install-recommends {}`", missing.join(" "));
    }
    install_from_npm().await?;
    install_from_pypi().await?;
    let folder = in_memory_if_possible()?;
    let cluster = PrivateCluster::start(&folder.path().join("pg"), Durability::Fast).await?;
    cluster.create_database_if_missing(TEMPLATE).await?;
    database::migrate(&cluster.url(TEMPLATE)).await?;

    let server = cluster.url("postgres");
    let environment = [(SERVER_VARIABLE, server.expose_secret())];
    let mut words = vec!["test", "--workspace", "--no-fail-fast"];
    words.extend(arguments.iter().map(String::as_str));
    let tested = cargo(&words, &environment).await;
    cluster.stop().await;
    tested
}

/// What has to be installed, all of it at once; by the names that Debian and Ubuntu have for it.
fn missing_packages() -> Vec<&'static str> {
    let runs = |program: &str, words: &[&str]| {
        let mut command = Command::new(program);
        command.args(words).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let needed: [(bool, &[&'static str]); 5] = [
        (anchor::postgres::binaries::find().is_ok(), &["postgresql", "postgresql-client"]),
        (runs("node", &["--version"]), &["nodejs"]),
        (runs("npm", &["--version"]), &["npm"]),
        (runs("hledger", &["--version"]), &["hledger"]),
        (runs("python3", &["-c", "import ensurepip, venv"]), &["python3", "python3-venv"]),
    ];
    let missing = needed.iter().filter(|(is_there, _)| !is_there);
    missing.flat_map(|(_, packages)| packages.iter().copied()).collect()
}

/// Where servers and packages are that were written by others, for the tests to stand against.
const FOREIGN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/foreign");

/// Whether what is installed is as old as the list of it, or older.
fn is_newer(list: &str, installed: &str) -> bool {
    let changed = |name: &str| std::fs::metadata(Path::new(FOREIGN).join(name))?.modified();
    match (changed(list), changed(installed)) {
        (Ok(list), Ok(installed)) => list > installed,
        _ => true,
    }
}

/// Servers and packages from npm; installed once.
async fn install_from_npm() -> anyhow::Result<()> {
    let folder = FOREIGN;
    if !is_newer("package-lock.json", "node_modules/.package-lock.json") {
        return Ok(());
    }
    println!("npm ci --prefix tests/foreign");
    let mut npm = tokio::process::Command::new("npm");
    npm.args(["ci", "--no-audit", "--no-fund"]).current_dir(folder);
    let status = npm.kill_on_drop(true).status().await.context("npm cannot be started")?;
    if !status.success() {
        bail!("the foreign servers could not be installed: `npm ci --prefix tests/foreign`");
    }
    Ok(())
}

/// Packages from PyPI, in an environment of their own; installed once.
async fn install_from_pypi() -> anyhow::Result<()> {
    if !is_newer("requirements.txt", ".venv/installed") {
        return Ok(());
    }
    let pip = format!("{FOREIGN}/.venv/bin/pip");
    for (program, words) in [
        ("python3", ["-m", "venv", ".venv"].as_slice()),
        (&pip, &["install", "--quiet", "-r", "requirements.txt"]),
    ] {
        println!("tests/foreign: {program} {}", words.join(" "));
        let mut step = tokio::process::Command::new(program);
        step.args(words).env("PIP_DISABLE_PIP_VERSION_CHECK", "1").current_dir(FOREIGN);
        let status = step.kill_on_drop(true).status().await;
        if !status.with_context(|| format!("{program} cannot be started"))?.success() {
            bail!("tests/foreign: `{program} {}` did not work", words.join(" "));
        }
    }
    std::fs::write(Path::new(FOREIGN).join(".venv/installed"), "")?;
    Ok(())
}

async fn cargo(words: &[&str], environment: &[(&str, &str)]) -> anyhow::Result<()> {
    println!("cargo {}", words.join(" "));
    let mut command = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    command.args(words).envs(environment.iter().copied()).current_dir(env!("CARGO_MANIFEST_DIR"));
    let of_this_package = std::env::vars_os().map(|(name, _)| name).filter(|name| {
        let name = name.to_string_lossy();
        ABOUT_THIS_PACKAGE.iter().any(|beginning| name.starts_with(beginning))
    });
    of_this_package.for_each(|name| {
        command.env_remove(name);
    });
    let mut command = tokio::process::Command::from(command);
    let status = command.kill_on_drop(true).status().await.context("cargo cannot be started")?;
    if !status.success() {
        bail!("`cargo {}` did not pass", words.join(" "));
    }
    Ok(())
}

/// A folder for the server: in memory where the system offers that, for speed.
fn in_memory_if_possible() -> anyhow::Result<tempfile::TempDir> {
    let prefix = tempfile::Builder::new().prefix("anchor-tests-").permissions(open()).to_owned();
    let folder = prefix.tempdir_in("/dev/shm").or_else(|_| prefix.tempdir());
    folder.context("no folder for the test server")
}

/// The server may run as another user than the one who started us, and must be able to pass.
fn open() -> std::fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    std::fs::Permissions::from_mode(0o711)
}
