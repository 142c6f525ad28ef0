//! What time is it for the ledger? Shown, or moved forward, in demo and sandbox databases only.
//!
//! Rows: M1, U5.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use chrono::Duration;
use clap::Subcommand;
use secrecy::SecretString;

use super::demo::household::Household;
use crate::clock;
use crate::database::{self, Role};

/// What `anchor clock` does.
#[derive(Debug, Subcommand)]
pub enum ClockAction {
    /// The ledger's time, and how far it is ahead of the real one
    #[command(after_help = "Example: anchor clock show")]
    Show,
    /// Moves the ledger's clock and the sandbox's, together
    #[command(after_help = "Example: anchor clock forward 2d")]
    Forward {
        /// How far, such as 90m, 12h or 2d
        #[arg(value_parser = parse_span)]
        by: Duration,
    },
}

/// Shows or moves the clock of the demo in `data_dir`, else of `DATABASE_URL`, else of the demo in
/// the usual place.
///
/// # Errors
/// When there is no such database, it is a real one, or the clock would go back.
pub async fn run(
    action: ClockAction,
    data_dir: Option<PathBuf>,
    json: bool,
) -> anyhow::Result<()> {
    let (url, sandbox) = whose(data_dir)?;
    let pool = database::connect(&url, Role::Owner, 1)
        .await
        .context("the clock's database does not answer: is the demo running?")?;
    if let ClockAction::Forward { by } = action {
        clock::may_be_moved(&pool).await?;
        // The partners first: whoever asks them for a day that is over finds it over.
        if let Some(sandbox) = sandbox {
            forward_sandbox(&sandbox, by).await?;
        }
        clock::forward(&pool, by).await?;
    }
    let (now, ahead) = clock::reading(&pool).await?;
    if json {
        println!("{}", serde_json::json!({ "now": now, "ahead_seconds": ahead.num_seconds() }));
    } else {
        println!("{}", now.format("%A %e %B %Y, %H:%M:%S UTC"));
        println!("{} days and {} hours ahead", ahead.num_days(), ahead.num_hours() % 24);
    }
    Ok(())
}

async fn forward_sandbox(sandbox: &str, by: Duration) -> anyhow::Result<()> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    client
        .post(format!("{sandbox}/control/clock"))
        .json(&serde_json::json!({ "forward_seconds": by.num_seconds() }))
        .send()
        .await?
        .error_for_status()?;
    Ok(())
}

/// The database whose clock is meant, and the sandbox that goes by the same one.
fn whose(data_dir: Option<PathBuf>) -> anyhow::Result<(SecretString, Option<String>)> {
    let variable = |name: &str| std::env::var(name).ok();
    let named = variable("DATABASE_URL").filter(|_| data_dir.is_none());
    if let Some(url) = named {
        return Ok((SecretString::from(url), variable("ANCHOR_SANDBOX_URL")));
    }
    let folder = data_dir.unwrap_or_else(|| PathBuf::from("./.anchor"));
    let demo = Household::read(&folder)
        .context("no clock found: set DATABASE_URL, or name the demo's folder by --data-dir")?;
    Ok((demo.database_url(), demo.sandbox_url()))
}

/// Reads a span of time such as `30m`, `8h` or `2d`.
///
/// # Errors
/// Says what a span looks like.
pub fn parse_span(text: &str) -> anyhow::Result<Duration> {
    let expected = "a span is a whole number with s, m, h or d, such as 30m, 8h or 2d";
    let unit = text.chars().last().context(expected)?;
    let number: i64 = text[..text.len() - unit.len_utf8()].parse().ok().context(expected)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => bail!(expected),
    };
    number
        .checked_mul(seconds)
        .filter(|seconds| (1..=4_000 * 86_400).contains(seconds))
        .map(Duration::seconds)
        .context("a span is at least a second and at most 4000 days")
}
