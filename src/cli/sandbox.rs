//! The partners alone, for whoever integrates with one of them.
//!
//! Rows: P11.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use url::Url;

use super::serve::stop_signal;
use crate::partners::settings;
use crate::sandbox::{Sandbox, SandboxConfig};

/// What `anchor sandbox` takes.
pub struct SandboxArguments {
    /// Where to listen; 0 for any free port.
    pub port: u16,
    /// Where the book is kept.
    pub book: PathBuf,
    /// What codes and ids follow from.
    pub seed: u64,
    /// Who gets the webhooks.
    pub webhooks_to: Option<String>,
}

/// Acts as every configured partner until told to stop.
///
/// # Errors
/// When no partner is configured, the book cannot be read, or the port is taken.
pub async fn run(arguments: SandboxArguments) -> anyhow::Result<()> {
    let variable = |name: &str| std::env::var(name).ok();
    let target = arguments.webhooks_to.or_else(|| variable("ANCHOR_PUBLIC_URL"));
    let target = target.as_deref().map(Url::parse).transpose().context("not a URL")?;
    let catalogue = crate::config::catalogue(&variable)?;
    let anywhere = Url::parse("http://127.0.0.1/").context("a fixed URL")?;
    let (partners, problems) = settings::read(&catalogue, &anywhere, &variable);
    if !problems.is_empty() {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        return Err(crate::config::Problems(lines).into());
    }
    if partners.is_empty() {
        bail!("no partner is configured: set WOOLWORTHS_API_URL and its companions, for example");
    }
    crate::telemetry::start();
    let config = SandboxConfig::acting_as(&catalogue, &partners)
        .at_port(arguments.port)
        .keeping_book_in(arguments.book)
        .with_seed(arguments.seed)
        .sending_webhooks_to(target)
        .telling_of_issuing();
    let running = Sandbox::start(config).await?;
    println!("The partners are at http://{}/", running.address);
    for partner in partners.keys() {
        println!("  http://{}/{partner}/", running.address);
    }
    stop_signal().await?;
    running.stop().await;
    Ok(())
}
