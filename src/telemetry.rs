//! What does the program say while it runs? Lines for people on a terminal, JSON for machines.
//!
//! `ANCHOR_LOG_FORMAT` is `text` or `json`; without it, text on a terminal and JSON elsewhere.
//! `RUST_LOG` chooses what is said. Nothing secret can get here by itself: secrets have types that
//! cannot be printed, requests are logged by their route's pattern ([`crate::http::operations`]).
//!
//! *Guarantees*: libraries are held at `info`, whatever `RUST_LOG` says: below it some print what
//! they move, HTTP bodies and headers and statements with their values.
//!
//! Rows: U6, C4.

use std::io::{IsTerminal, stderr};

use tracing::Level;
use tracing_subscriber::filter::{EnvFilter, FilterFn, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// How lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl LogFormat {
    /// From `ANCHOR_LOG_FORMAT`; when that says neither, by where the lines go.
    fn choose(variable: Option<&str>, is_terminal: bool) -> Self {
        match variable {
            Some("text") => Self::Text,
            Some("json") => Self::Json,
            _ if is_terminal => Self::Text,
            _ => Self::Json,
        }
    }
}

/// Whose lines below `info` may be seen: those that are written here, with types that keep secrets.
const OURS: &[&str] = &["anchor", "domain", "projections"];

/// Speaks from here on, to the standard error output; `info` when `RUST_LOG` says nothing. A second
/// call changes nothing.
pub fn start() {
    start_at(Level::INFO);
}

/// The same for programs with a story of their own to tell: only what somebody has to look at.
pub fn start_quietly() {
    start_at(Level::ERROR);
}

fn start_at(level: Level) {
    let variable = |name| std::env::var(name).ok();
    let levels = EnvFilter::builder()
        .with_default_directive(level.into())
        .parse_lossy(variable("RUST_LOG").unwrap_or_default());
    let format = variable("ANCHOR_LOG_FORMAT");
    let lines = match LogFormat::choose(format.as_deref(), stderr().is_terminal()) {
        LogFormat::Text => fmt::layer().with_writer(stderr).compact().boxed(),
        LogFormat::Json => fmt::layer().with_writer(stderr).json().flatten_event(true).boxed(),
    };
    let started = tracing_subscriber::registry()
        .with(lines.with_filter(levels).with_filter(discreet()))
        .try_init();
    if started.is_err() {
        tracing::debug!("telemetry was started before");
    }
}

fn discreet() -> FilterFn {
    filter_fn(|about| *about.level() <= Level::INFO || is_ours(about.target()))
}

fn is_ours(target: &str) -> bool {
    let program = target.split("::").next().unwrap_or_default();
    OURS.contains(&program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_named_or_follows_the_terminal() {
        assert_eq!(LogFormat::choose(Some("text"), false), LogFormat::Text);
        assert_eq!(LogFormat::choose(Some("json"), true), LogFormat::Json);
        assert_eq!(LogFormat::choose(None, true), LogFormat::Text);
        assert_eq!(LogFormat::choose(None, false), LogFormat::Json);
    }

    #[test]
    fn what_is_ours_is_known_by_its_first_name() {
        assert!(is_ours("anchor::http") && is_ours("projections"));
        assert!(!is_ours("sqlx::query") && !is_ours("anchor_of_somebody_else::http"));
    }
}
