//! What did read models and totals say at a moment that was?
//!
//! What is printed depends on the log, the moment and this program alone: the same replay prints
//! the same.
//!
//! Rows: A4, U5.

use chrono::{DateTime, Utc};
use clap::Args;
use domain::ids::Position;
use projections::replay::{self, Replayed, Until};
use serde_json::json;

use super::progress::Shown;

/// What `anchor replay` is given.
#[derive(Debug, Args)]
pub struct ReplayArguments {
    /// As of this moment, such as 2026-09-30T23:59:59Z
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    #[arg(required_unless_present = "position", conflicts_with = "position")]
    as_of: Option<DateTime<Utc>>,
    /// Up to this position
    #[arg(long, value_name = "N")]
    position: Option<i64>,
    /// Keep the tables in this schema; without it they are gone afterwards
    #[arg(long, value_name = "SCHEMA")]
    into: Option<String>,
}

/// Replays, and says what was so.
///
/// # Errors
/// When it is refused or not complete; there is no schema then.
pub async fn run(arguments: ReplayArguments, json: bool) -> anyhow::Result<()> {
    let until = match (arguments.as_of, arguments.position) {
        (Some(time), _) => Until::Time(time),
        (None, position) => Until::Position(Position(position.unwrap_or_default())),
    };
    let pool = super::owner().await?;
    let shown = Shown::of("replaying");
    let tell = |at, to| shown.tell(at, to);
    let asked = (until, arguments.into.as_deref());
    let replayed = replay::replay(&pool, &projections::all(), asked, &tell).await?;
    drop(shown);
    if json {
        let mut said = json!({ "program": program(), "into": arguments.into });
        if let (Some(said), serde_json::Value::Object(more)) =
            (said.as_object_mut(), serde_json::to_value(&replayed)?)
        {
            said.extend(more);
        }
        println!("{said}");
    } else {
        tell_people(&replayed, arguments.into.as_deref());
    }
    Ok(())
}

fn program() -> String {
    format!("anchor {}", env!("CARGO_PKG_VERSION"))
}

fn tell_people(replayed: &Replayed, into: Option<&str>) {
    println!("position     {}", replayed.position);
    if let Some(at) = replayed.recorded_at {
        println!("recorded at  {}", at.format("%Y-%m-%dT%H:%M:%S%.6fZ"));
    }
    println!("events       {}, all there are up to it", replayed.events);
    println!("program      {}", program());
    if let Some(schema) = into {
        println!("tables in    {schema}");
    }
    println!("\nrows");
    for table in &replayed.tables {
        let parked = match table.parked {
            0 => String::new(),
            parked => format!(", {parked} events parked"),
        };
        println!("  {:<24}{:>10}  version {}{parked}", table.table, table.rows, table.version);
    }
    println!("\ntotals");
    for total in &replayed.totals {
        println!(
            "  {}  committed {:.2}  in flight {:.2}  issued {:.2}  redeemed {:.2}  expired {:.2}  \
             voided {:.2}  outstanding {:.2}",
            total.currency,
            total.committed,
            total.in_flight,
            total.issued,
            total.redeemed,
            total.expired,
            total.voided,
            total.outstanding
        );
    }
}

fn parse_time(text: &str) -> Result<DateTime<Utc>, String> {
    DateTime::parse_from_rfc3339(text)
        .map(|time| time.to_utc())
        .map_err(|_| "a moment is written as 2026-09-30T23:59:59Z".to_owned())
}
