//! Is what is asked what the log says, and can it be built anew while it is asked?
//!
//! Rows: A4, U5.

use std::sync::Arc;

use clap::Args;
use projections::Projection;
use projections::rebuild::{self, Checked, Rebuilt, Retired};
use projections::runner;
use serde_json::json;
use sqlx::PgPool;

use super::progress::Shown;
use crate::cli::exit::Difference;

/// What `anchor rebuild` is given.
#[derive(Debug, Args)]
pub struct RebuildArguments {
    /// Which read models; without any, those whose rows are of another version
    names: Vec<String>,
    /// All of them
    #[arg(long, conflicts_with = "names")]
    all: bool,
    /// Build beside, compare row by row, and change nothing
    #[arg(long)]
    check: bool,
}

/// Rebuilds, or compares.
///
/// # Errors
/// [`Difference`] when a comparison finds one; what is asked is as it was then.
pub async fn run(arguments: RebuildArguments, json: bool) -> anyhow::Result<()> {
    let pool = super::owner().await?;
    let chosen = choose(&pool, &arguments).await?;
    if arguments.check {
        check(&pool, &chosen, json).await
    } else {
        build(&pool, &chosen, json).await
    }
}

async fn choose(
    pool: &PgPool,
    arguments: &RebuildArguments,
) -> anyhow::Result<Vec<Arc<dyn Projection>>> {
    if !arguments.names.is_empty() {
        let mut names = arguments.names.clone();
        names.sort();
        names.dedup();
        return names.iter().map(|name| super::named(name)).collect();
    }
    let mut chosen = projections::all();
    if !arguments.all && !arguments.check {
        let status = runner::status(pool).await?;
        let is_needed = |name: &str| status.iter().any(|s| s.name == name && s.needs_rebuild);
        chosen.retain(|projection| is_needed(projection.name()));
    }
    Ok(chosen)
}

async fn build(pool: &PgPool, chosen: &[Arc<dyn Projection>], json: bool) -> anyhow::Result<()> {
    let shown = Shown::of("rebuilding");
    let rebuilt = rebuild::rebuild(pool, chosen, &|at, to| shown.tell(at, to)).await?;
    drop(shown);
    let removed = rebuild::remove_retired(pool).await?;
    if json {
        println!("{}", json!({ "rebuilt": rebuilt, "removed": removed }));
    } else {
        tell_built(&rebuilt, &removed);
    }
    Ok(())
}

fn tell_built(rebuilt: &[Rebuilt], removed: &[Retired]) {
    if rebuilt.is_empty() {
        println!("Nothing needs a rebuild. Name read models, or give --all, to rebuild anyway.");
    }
    for one in rebuilt {
        let Rebuilt { name, version, position, kept_in, .. } = one;
        let how = if one.went_on { ", going on with one that was not finished" } else { "" };
        println!(
            "{name}: rebuilt to version {version} at position {position}{how}; \
             the rows before are kept in {kept_in} for 7 days"
        );
    }
    for Retired { name, schema, .. } in removed {
        println!("{name}: removed {schema}, retired more than 7 days ago");
    }
}

async fn check(pool: &PgPool, chosen: &[Arc<dyn Projection>], json: bool) -> anyhow::Result<()> {
    let shown = Shown::of("building beside");
    let checked = rebuild::check(pool, chosen, &|at, to| shown.tell(at, to)).await?;
    drop(shown);
    if json {
        println!("{}", json!({ "checked": checked }));
    } else {
        checked.iter().for_each(tell_checked);
    }
    let differing: Vec<&str> =
        checked.iter().filter(|one| one.differing > 0).map(|one| one.name).collect();
    if differing.is_empty() {
        return Ok(());
    }
    let names = differing.join(" ");
    let said = format!("not what the log says: {names}. `anchor rebuild {names}` mends it");
    Err(Difference(said).into())
}

fn tell_checked(checked: &Checked) {
    let Checked { name, position, rows, differing, differences } = checked;
    if *differing == 0 {
        println!("{name}: {rows} rows, equal at position {position}");
        return;
    }
    println!("{name}: {differing} rows differ at position {position}, of {rows}");
    for difference in differences {
        let columns = difference.columns.join(", ");
        let (what, table, key) = (&difference.what, &difference.table, &difference.key);
        println!("  {what} in {table} {key} {columns}");
    }
    if *differing > differences.len() as i64 {
        println!("  and {} more", differing - differences.len() as i64);
    }
}
