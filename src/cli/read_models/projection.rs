//! How does each read model stand, and how does one that stopped go on?
//!
//! Rows: Q3, U5.

use clap::Subcommand;
use projections::runner::{self, ProjectionStatus};
use serde_json::json;

use crate::cli::exit::Difference;

/// What `anchor projection` does.
#[derive(Debug, Subcommand)]
pub enum ProjectionAction {
    /// Where each stands: position, lag, and what it has set aside
    List,
    /// Tries parked events again, in their order, once what they met is mended
    Retry {
        /// Which read model
        name: String,
    },
    /// Lets a halted one go on at the event it stopped before, once the program is mended
    Resume {
        /// Which read model
        name: String,
    },
}

/// Shows, or lets go on.
///
/// # Errors
/// [`Difference`] when events stay parked, or nothing was halted.
pub async fn run(action: ProjectionAction, json: bool) -> anyhow::Result<()> {
    match action {
        ProjectionAction::List => list(json).await,
        ProjectionAction::Retry { name } => retry(&name, json).await,
        ProjectionAction::Resume { name } => resume(&name, json).await,
    }
}

async fn list(json: bool) -> anyhow::Result<()> {
    let pool = super::application().await?;
    let status = runner::status(&pool).await?;
    if json {
        println!("{}", json!({ "projections": status }));
        return Ok(());
    }
    println!(
        "{:<24}{:>8}{:>12}{:>10}{:>9}{:>8}  state",
        "read model", "version", "position", "behind", "seconds", "parked"
    );
    for one in &status {
        println!(
            "{:<24}{:>8}{:>12}{:>10}{:>9}{:>8}  {}{}",
            one.name,
            one.version,
            one.position,
            one.lag_positions,
            one.lag_seconds,
            one.parked,
            one.word(),
            place(one)
        );
        if let Some(error) = &one.error {
            println!("    {error}");
        }
        if one.parked > 0 && one.is_asked() {
            for event in runner::parked(&pool, &one.name).await?.iter().take(10) {
                println!("    parked: position {}: {}", event.position, event.error);
            }
        }
    }
    Ok(())
}

fn place(status: &ProjectionStatus) -> String {
    if status.is_asked() { String::new() } else { format!(" in {}", status.schema) }
}

async fn retry(name: &str, json: bool) -> anyhow::Result<()> {
    let pool = super::application().await?;
    let projection = super::named(name)?;
    let retried = runner::retry(&pool, &*projection).await?;
    if json {
        println!("{}", serde_json::to_string(&retried)?);
    } else {
        println!("{name}: {} parked events became rows", retried.projected);
    }
    match retried.still_parked {
        0 => Ok(()),
        left => Err(Difference(format!("{name}: {left} events are still parked")).into()),
    }
}

async fn resume(name: &str, json: bool) -> anyhow::Result<()> {
    let pool = super::application().await?;
    super::named(name)?;
    if !runner::resume(&pool, name).await? {
        return Err(Difference(format!("{name} is not halted: there is nothing to resume")).into());
    }
    let position = projections::checkpoint::position(&pool, name).await?;
    if json {
        println!("{}", json!({ "resumed": name, "position": position.0 }));
    } else {
        println!("{name}: goes on after position {position}");
    }
    Ok(())
}
