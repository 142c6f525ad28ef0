//! How is a month closed from a terminal?
//!
//! Rows: A6, U5.

use clap::Subcommand;
use domain::period::Span;
use serde_json::json;

use crate::cli::exit::Refusal;
use crate::cli::read_models::fits;
use crate::cli::read_models::progress::Shown;
use crate::clock::Clock;
use crate::closing::{self, Desk, NotClosed};
use crate::config;
use crate::database::{self, Role};
use crate::ledger::{Context, EngineLimits, Ledger};

/// What can be done with a period.
#[derive(Debug, Subcommand)]
pub enum PeriodAction {
    /// Closes a month for good, and seals its figures
    #[command(after_help = "Example: anchor period close 2026-11\n\
        Exits 3 when it is not over, or a later one is closed.")]
    Close {
        /// A month that is over, such as 2026-11
        month: Span,
    },
}

/// Does it.
///
/// # Errors
/// [`Refusal`] when a rule says no; nothing was recorded then.
pub async fn run(action: PeriodAction, json: bool) -> anyhow::Result<()> {
    let PeriodAction::Close { month } = action;
    let url = config::database_url(&|name| std::env::var(name).ok())?;
    let pool = database::connect(&url, Role::App, 2).await?;
    fits(&pool).await?;
    let read_pool = database::connect(&url, Role::Read, 2).await?;
    let clock = Clock::follow(pool.clone()).await?;
    let ledger = Ledger::start(&url, clock, EngineLimits::default()).await?;
    let context = Context::new("operator", "a month was closed").correlated(month.to_string());
    let shown = Shown::of("reading the log");
    let how_far = |reached, to| shown.tell(reached, to);
    let desk = Desk { ledger: &ledger, pool: &pool, read_pool: &read_pool };
    let closed = closing::close(desk, month, &context, how_far).await;
    drop(shown);
    ledger.stop().await;
    let closed = closed.map_err(refused)?;
    if json {
        let (period, position) = (closed.month.to_string(), closed.position);
        let (digest, was_closed) = (&closed.digest, closed.was_closed);
        let said = json!({
            "period": period, "state": "closed", "position": position, "digest": digest,
            "was_closed": was_closed,
        });
        println!("{said}");
    } else {
        let before = if closed.was_closed { " (it had been before)" } else { "" };
        println!("{} is closed as of position {}{before}", closed.month, closed.position);
        println!("digest of its figures: {}", closed.digest);
    }
    Ok(())
}

fn refused(error: NotClosed) -> anyhow::Error {
    match error {
        NotClosed::Refused(_) | NotClosed::LaterClosed { .. } | NotClosed::Unsound { .. } => {
            Refusal(error.to_string()).into()
        }
        NotClosed::NoFigures(error) => super::report::refused(error),
        error @ (NotClosed::Busy | NotClosed::NotLoaded(_) | NotClosed::NotRecorded(_)) => {
            error.into()
        }
    }
}
