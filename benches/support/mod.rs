//! What do the benches share? A private server, how figures are told, and promises that are kept or
//! broken aloud.

#![allow(dead_code, reason = "each bench uses its part")]
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot run has nothing else to do")]

pub mod edge;
pub mod filled_log;
pub mod tally;
pub mod wire;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anchor::postgres::{Durability, PrivateCluster};

/// What was typed after the bench's name.
#[derive(Debug, Clone)]
pub struct Options {
    /// Fail when a promise is broken.
    pub check: bool,
    /// How many events are stored before anything is measured.
    pub sizes: Vec<i64>,
    /// How often each contestant takes its turn.
    pub passes: usize,
    /// How long a turn lasts.
    pub lasts: Duration,
    /// So many callers alone, for whoever looks at one level closely.
    pub callers: Option<usize>,
}

impl Options {
    /// `--check`; `--quick` for one short pass on a small log; `--stored N` for one size alone,
    /// `--passes N`, `--callers N`.
    pub fn read() -> Self {
        let words: Vec<String> = std::env::args().collect();
        let is_given = |word: &str| words.iter().any(|given| given == word);
        let number = |word: &str| {
            let at = words.iter().position(|given| given == word)?;
            Some(words.get(at + 1)?.parse::<i64>().expect("a number is given"))
        };
        let is_quick = is_given("--quick");
        let all = if is_quick { vec![2_000] } else { vec![10_000, 1_000_000] };
        let passes = number("--passes").map_or(if is_quick { 1 } else { 5 }, |n| n as usize);
        Self {
            check: is_given("--check") && !is_quick,
            sizes: number("--stored").map_or(all, |size| vec![size]),
            passes,
            lasts: Duration::from_millis(if is_quick { 200 } else { 1_200 }),
            callers: number("--callers").map(|n| n as usize),
        }
    }
}

/// A private server that syncs every commit, gone with this value.
pub struct Server {
    pub cluster: PrivateCluster,
    _folder: tempfile::TempDir,
}

impl Server {
    pub async fn start() -> Self {
        use std::os::unix::fs::PermissionsExt;
        anchor::install_tls();
        let everyone_may_pass = std::fs::Permissions::from_mode(0o711);
        let mut folder = tempfile::Builder::new();
        let folder = folder.prefix("anchor-bench-").permissions(everyone_may_pass);
        let folder = folder.tempdir().unwrap();
        let cluster = PrivateCluster::start(&folder.path().join("pg"), Durability::Durable).await;
        let cluster = cluster.unwrap_or_else(|error| panic!("{error}"));
        Self { cluster, _folder: folder }
    }
}

/// The middle one.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The middle of the ratios of each pass: a slow minute is slow for both.
pub fn ratio(of: &[f64], to: &[f64]) -> f64 {
    median(of.iter().zip(to).map(|(of, to)| of / to).collect())
}

/// How long something took, in seconds, and what came of it.
pub async fn timed<T>(work: impl Future<Output = T>) -> (f64, T) {
    let since = Instant::now();
    let done = work.await;
    (since.elapsed().as_secs_f64(), done)
}

/// What the figures are held to.
#[derive(Default)]
pub struct Promises {
    broken: Vec<String>,
}

impl Promises {
    pub fn at_least(&mut self, least: f64, measured: f64, what: &str) {
        self.hold(measured >= least, &format!("{what}: {measured:.2}, promised at least {least}"));
    }

    pub fn at_most(&mut self, most: f64, measured: f64, what: &str) {
        self.hold(measured <= most, &format!("{what}: {measured:.2}, promised at most {most}"));
    }

    fn hold(&mut self, is_kept: bool, told: &str) {
        println!("{} {told}", if is_kept { "kept  " } else { "BROKEN" });
        if !is_kept {
            self.broken.push(told.to_owned());
        }
    }

    /// Fails when asked to check and one was broken.
    pub fn verdict(self, options: &Options) -> ExitCode {
        let broken = self.broken.len();
        if broken > 0 && options.check {
            eprintln!("{broken} promises were broken");
            return ExitCode::FAILURE;
        }
        ExitCode::SUCCESS
    }
}
