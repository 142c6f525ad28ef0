//! What does the program say while it runs? Lines for people on a terminal, JSON for machines.
//!
//! `ANCHOR_LOG_FORMAT` is `text` or `json`; without it, text on a terminal and JSON elsewhere.
//! `RUST_LOG` chooses what is said. Nothing secret can get here by itself: secrets have types that
//! cannot be printed, requests are logged by their route's pattern ([`crate::http::operations`]).
//!
//! *Guarantees*: at no level do the lines of libraries that would print what they move (HTTP bodies
//! and headers, statements with their values) come through: those are held at `info`, whatever
//! `RUST_LOG` says.
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
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl LogFormat {
    /// From `ANCHOR_LOG_FORMAT`; when that is not set, by where the lines go.
    ///
    /// # Errors
    /// For anything but `text` and `json`.
    pub fn choose(variable: Option<&str>) -> Result<Self, UnknownLogFormat> {
        match variable {
            Some("text") => Ok(Self::Text),
            Some("json") => Ok(Self::Json),
            Some(_) => Err(UnknownLogFormat),
            None if stderr().is_terminal() => Ok(Self::Text),
            None => Ok(Self::Json),
        }
    }
}

/// A format that does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("ANCHOR_LOG_FORMAT is text or json")]
pub struct UnknownLogFormat;

/// Libraries that at their lower levels print what passes through them.
const TALKATIVE: &[&str] = &[
    "hyper",
    "hyper_util",
    "reqwest",
    "h2",
    "rustls",
    "sqlx",
    "actix_http",
    "actix_web",
    "actix_server",
    "mio",
    "postgres_es",
    "cqrs_es",
];

/// Says everything from here on to the standard error output. A second call changes nothing.
///
/// `levels` is `RUST_LOG`; what in it cannot be read is left out, and `info` is the level of all else.
pub fn start(format: LogFormat, levels: Option<&str>) {
    let levels = EnvFilter::builder()
        .with_default_directive(Level::INFO.into())
        .parse_lossy(levels.unwrap_or_default());
    let lines = match format {
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
    filter_fn(|about| *about.level() <= Level::INFO || !is_talkative(about.target()))
}

fn is_talkative(target: &str) -> bool {
    let library = target.split("::").next().unwrap_or_default();
    TALKATIVE.contains(&library)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_named_or_follows_the_terminal() {
        assert_eq!(LogFormat::choose(Some("text")), Ok(LogFormat::Text));
        assert_eq!(LogFormat::choose(Some("json")), Ok(LogFormat::Json));
        assert_eq!(LogFormat::choose(Some("xml")), Err(UnknownLogFormat));
    }

    #[test]
    fn libraries_that_print_what_they_move_are_known_by_their_first_name() {
        assert!(is_talkative("sqlx::query"));
        assert!(is_talkative("reqwest"));
        assert!(!is_talkative("anchor::http"));
    }
}
