//! How is the demo set up, played and taken down?
//!
//! *Guarantees*: nothing outside the folder is touched; a second start goes on where the first was;
//! with `--once` the exit code says whether the books agree.
//!
//! Rows: U5, A1.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use domain::ids::Position;

use super::books::{self, Verdict};
use super::client::{Client, Till};
use super::household::Household;
use super::narrate::Narrator;
use super::story::{Stage, introduce};
use super::welcome;
use crate::cli::exit::Difference;
use crate::cli::serve::stop_signal;
use crate::clock;
use crate::config::Config;
use crate::database::{self, Role};
use crate::postgres::{Durability, PrivateCluster};
use crate::sandbox::{Running, Sandbox, SandboxConfig};
use crate::startup::{Application, Parts};

const DATABASE: &str = "anchor";
const PORTS_TRIED: u16 = 50;

/// What `anchor demo` takes.
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// Where it keeps its database, the partners' book and its secrets
    #[arg(long, default_value = "./.anchor")]
    data_dir: PathBuf,
    /// Where to listen; the next free port when it is taken
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Begin anew: forgets an earlier demo in the folder
    #[arg(long)]
    fresh: bool,
    /// Play the story, check the books, print one line, and end
    #[arg(long)]
    once: bool,
}

/// Runs the demo.
///
/// # Errors
/// When something it needs is missing, and with `--once` when the books disagree.
pub async fn run(arguments: DemoArguments, json: bool) -> anyhow::Result<()> {
    crate::telemetry::start_quietly();
    if arguments.fresh {
        forget(&arguments.data_dir)?;
    }
    let mut household = Household::open(&arguments.data_dir)?;
    let cluster = PrivateCluster::start(&household.folder.join("pg"), Durability::Durable).await?;
    let played = in_cluster(&arguments, json, &mut household, &cluster).await;
    cluster.stop().await;
    played
}

/// Removes what an earlier demo left, and nothing that is not a demo's.
fn forget(folder: &Path) -> anyhow::Result<()> {
    for part in ["pg", "sandbox", "demo.env"] {
        let path = folder.join(part);
        let removed = if path.is_dir() {
            std::fs::remove_dir_all(&path)
        } else {
            std::fs::remove_file(&path).or_else(|error| match error.kind() {
                std::io::ErrorKind::NotFound => Ok(()),
                _ => Err(error),
            })
        };
        removed.with_context(|| format!("cannot remove {}", path.display()))?;
    }
    Ok(())
}

async fn in_cluster(
    arguments: &DemoArguments,
    json: bool,
    household: &mut Household,
    cluster: &PrivateCluster,
) -> anyhow::Result<()> {
    cluster.create_database_if_missing(DATABASE).await?;
    household.set_database(&cluster.url(DATABASE));
    database::migrate(&household.database_url()).await?;
    let owner = database::connect(&household.database_url(), Role::Owner, 2).await?;
    clock::mark_simulated(&owner).await?;

    let listener = listen(arguments.port)?;
    let base = format!("http://{}", listener.local_addr()?);
    household.set("ANCHOR_PUBLIC_URL", base.clone());
    let sandbox = start_sandbox(household, &base).await?;
    household.write()?;

    let config = Config::read(&|name| household.variable(name))?;
    let parts = Parts { server: true, workers: true };
    let application = Application::start(config, parts, listener).await?;
    welcome::addresses(&base, household);

    let mut stage = Stage {
        client: Client::new(&base, household)?,
        till: Till::new(&format!("http://{}", sandbox.address))?,
        narrator: Narrator::after(application.pool.clone(), last_told(&application).await?),
        clock: application.clock.clone(),
        owner: owner.clone(),
    };
    let played = act(arguments.once, json, &base, &mut stage).await;
    application.stop().await;
    sandbox.stop().await;
    owner.close().await;
    played
}

async fn act(once: bool, json: bool, base: &str, stage: &mut Stage) -> anyhow::Result<()> {
    introduce();
    tokio::select! {
        played = stage.play() => played?,
        stopped = stop_signal() => return stopped,
    }
    let verdict = books::compare(&stage.client, &stage.till).await?;
    tell(&verdict, json);
    if !verdict.differences.is_empty() && once {
        return Err(Difference(verdict.differences.join("; ")).into());
    }
    if once {
        return Ok(());
    }
    welcome::tokens_and_calls(base, &stage.client)?;
    let stop = stop_signal();
    tokio::pin!(stop);
    loop {
        tokio::select! {
            stopped = &mut stop => return stopped,
            () = tokio::time::sleep(std::time::Duration::from_millis(300)) => {}
        }
        stage.narrator.tell_new().await?;
    }
}

fn tell(verdict: &Verdict, json: bool) {
    println!("\nThe books:");
    for (partner, figures) in &verdict.ours {
        println!("  {partner:<12} {}", books::line(*figures));
    }
    for difference in &verdict.differences {
        println!("  {difference}");
    }
    if json {
        let agree = verdict.differences.is_empty();
        let told = serde_json::json!({ "agree": agree, "differences": verdict.differences });
        println!("{told}");
    } else {
        println!("{}", verdict.summary);
    }
}

async fn start_sandbox(household: &mut Household, base: &str) -> anyhow::Result<Running> {
    let preferred = household
        .sandbox_url()
        .and_then(|url| url.rsplit(':').next().and_then(|port| port.parse().ok()))
        .unwrap_or(0);
    let address = listen(preferred)?.local_addr()?;
    household.set_sandbox(&format!("http://{address}"));
    let config = Config::read(&|name| household.variable(name))?;
    let sandbox = SandboxConfig::acting_as(&config.catalogue, &config.partners)
        .at_port(address.port())
        .keeping_book_in(household.folder.join("sandbox"))
        .sending_webhooks_to(Some(base.parse()?));
    Ok(Sandbox::start(sandbox).await?)
}

/// The port that was asked for, or the next free one, said aloud.
fn listen(port: u16) -> anyhow::Result<TcpListener> {
    for candidate in port..=port.saturating_add(PORTS_TRIED) {
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", candidate)) {
            if candidate != port {
                println!("Port {port} is taken; using {candidate}.");
            }
            return Ok(listener);
        }
    }
    anyhow::bail!("no free port from {port} on: choose --port")
}

/// A first start tells everything from the first event on; a later one, what is new.
async fn last_told(application: &Application) -> anyhow::Result<Position> {
    let head = *application.ledger.head().borrow();
    Ok(head)
}
