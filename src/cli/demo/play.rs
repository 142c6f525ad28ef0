//! How is the demo set up, played and taken down?
//!
//! *Guarantees*: nothing outside the folder is touched; a second start goes on where the first was;
//! with `--once` the exit code says whether the books agree.
//!
//! Rows: U5, A1.

use std::collections::HashMap;
use std::net::TcpListener;
use std::path::PathBuf;

use anyhow::ensure;
use clap::Args;
use domain::ids::PartnerId;

use super::books::{self, Verdict};
use super::client::{Client, Till};
use super::household::Household;
use super::narrate::Narrator;
use super::story::Stage;
use super::voice::{Voice, print};
use super::welcome;
use crate::cli::exit::Difference;
use crate::cli::serve::StopSignal;
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
    /// Play the story, compare the books, end with one line and exit 0, or 1 if they disagree
    #[arg(long)]
    once: bool,
}

/// Runs the demo.
///
/// # Errors
/// When something it needs is missing, and with `--once` when the books disagree.
pub async fn run(arguments: DemoArguments, json: bool) -> anyhow::Result<()> {
    // Heard from the beginning: whoever stops us while we start leaves no server behind either.
    let mut stop = StopSignal::listen()?;
    crate::telemetry::start_quietly();
    let voice = if json { Voice::Silent } else { Voice::Aloud };
    let mut household = Household::open(&arguments.data_dir, arguments.fresh)?;
    let cluster = PrivateCluster::start(&household.cluster(), Durability::Durable).await?;
    let played = in_cluster(&arguments, voice, (&mut household, &cluster), &mut stop).await;
    cluster.stop().await;
    played
}

async fn in_cluster(
    arguments: &DemoArguments,
    voice: Voice,
    (household, cluster): (&mut Household, &PrivateCluster),
    stop: &mut StopSignal,
) -> anyhow::Result<()> {
    cluster.create_database_if_missing(DATABASE).await?;
    household.set_database(&cluster.url(DATABASE));
    database::migrate(&household.database_url()).await?;
    let owner = database::connect(&household.database_url(), Role::Owner, 2).await?;
    clock::mark_simulated(&owner).await?;

    let listener = listen(arguments.port, voice)?;
    let base = format!("http://{}", listener.local_addr()?);
    household.set("ANCHOR_PUBLIC_URL", base.clone());
    let sandbox = start_sandbox(household, &base).await?;
    household.write()?;

    let config = Config::read(&|name| household.variable(name))?;
    let names = names(&config);
    let parts = Parts { server: true, workers: true };
    let application = Application::start(config, parts, listener).await?;
    welcome::addresses(voice, &base, household);

    // What was there before was told before, and the partners' own beginnings are no story.
    let head = *application.ledger.head().borrow();
    let mut stage = Stage {
        client: Client::new(&base, household)?,
        till: Till::new(&format!("http://{}", sandbox.address))?,
        narrator: Narrator::after(application.pool.clone(), head, names).speaking(voice),
        clock: application.clock.clone(),
        owner: owner.clone(),
        voice,
    };
    let played = act(arguments.once, &base, household, (&mut stage, stop)).await;
    application.stop().await;
    sandbox.stop().await;
    owner.close().await;
    played
}

async fn act(
    once: bool,
    base: &str,
    household: &Household,
    (stage, stop): (&mut Stage, &mut StopSignal),
) -> anyhow::Result<()> {
    let verdict = tokio::select! {
        verdict = play(stage) => verdict?,
        () = stop.received() => {
            ensure!(!once, "stopped before the books were compared");
            return Ok(());
        }
    };
    tell(&verdict, stage.voice, base);
    if !verdict.differences.is_empty() && once {
        return Err(Difference(verdict.differences.join("; ")).into());
    }
    if once {
        return Ok(());
    }
    welcome::tokens_and_calls(stage.voice, base, &stage.client, household)?;
    loop {
        tokio::select! {
            () = stop.received() => return Ok(()),
            () = tokio::time::sleep(std::time::Duration::from_millis(300)) => {}
        }
        stage.narrator.tell_new().await?;
    }
}

async fn play(stage: &mut Stage) -> anyhow::Result<Verdict> {
    stage.introduce().await?;
    stage.play().await?;
    books::compare(&stage.client, &stage.till).await
}

fn tell(verdict: &Verdict, voice: Voice, base: &str) {
    voice.say("\nThe books:");
    for (partner, figures) in &verdict.ours {
        voice.say(format_args!("  {partner:<12} {}", books::line(*figures)));
    }
    for difference in &verdict.differences {
        voice.say(format_args!("  {difference}"));
    }
    match voice {
        Voice::Aloud => voice.say(&verdict.summary),
        Voice::Silent => print(verdict.for_machines(base)),
    }
}

/// What people call the partners.
fn names(config: &Config) -> HashMap<PartnerId, String> {
    config.catalogue.iter().map(|entry| (entry.id().clone(), entry.details().name)).collect()
}

async fn start_sandbox(household: &mut Household, base: &str) -> anyhow::Result<Running> {
    let preferred = household
        .sandbox_url()
        .and_then(|url| url.rsplit(':').next().and_then(|port| port.parse().ok()))
        .unwrap_or(0);
    let address = listen(preferred, Voice::Silent)?.local_addr()?;
    household.set_sandbox(&format!("http://{address}"));
    let config = Config::read(&|name| household.variable(name))?;
    let sandbox = SandboxConfig::acting_as(&config.catalogue, &config.partners)
        .at_port(address.port())
        .keeping_book_in(household.book())
        .sending_webhooks_to(Some(base.parse()?));
    Ok(Sandbox::start(sandbox).await?)
}

/// The port that was asked for, or the next free one, said aloud.
fn listen(port: u16, voice: Voice) -> anyhow::Result<TcpListener> {
    for candidate in port..=port.saturating_add(PORTS_TRIED) {
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", candidate)) {
            if candidate != port {
                voice.say(format_args!("Port {port} is taken; using {candidate}."));
            }
            return Ok(listener);
        }
    }
    anyhow::bail!("no free port from {port} on: choose --port")
}
