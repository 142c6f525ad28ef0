//! Server and workers against a database that is already there.
//!
//! *Guarantees*: it never migrates. SIGTERM and Ctrl-C stop it in order: no new requests, no new
//! leases, running partner calls finish or end as unknown, queues are flushed; a second signal ends
//! it at once.
//!
//! Rows: U6.

use std::net::TcpListener;

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::config::Config;
use crate::startup::{Application, Parts};

/// Serves until told to stop.
///
/// # Errors
/// When the environment is not complete, the database does not fit, or the port is taken.
pub async fn run(server: bool, workers: bool) -> anyhow::Result<()> {
    let config = Config::read(&|name| std::env::var(name).ok())?;
    crate::telemetry::start();
    let listener = TcpListener::bind(config.listen)
        .with_context(|| format!("cannot listen on {}: choose ANCHOR_LISTEN", config.listen))?;
    let application = Application::start(config, Parts { server, workers }, listener).await?;
    tracing::info!(address = %application.address, server, workers, "serving");
    stop_signal().await?;
    tokio::select! {
        () = application.stop() => Ok(()),
        again = stop_signal() => again,
    }
}

/// SIGTERM and Ctrl-C, heard from here on: one that comes before anybody waits for it is not lost.
pub struct StopSignal {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignal {
    /// Begins to listen.
    ///
    /// # Errors
    /// When the operating system gives no signals.
    pub fn listen() -> anyhow::Result<Self> {
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self { terminate, interrupt })
    }

    /// Waits for either.
    pub async fn received(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Waits for SIGTERM or Ctrl-C.
///
/// # Errors
/// When the operating system gives no signals.
pub async fn stop_signal() -> anyhow::Result<()> {
    StopSignal::listen()?.received().await;
    Ok(())
}
