//! How is the sandbox started and stopped?
//!
//! Rows: P11.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::book::Book;
use super::config::SandboxConfig;
use super::state::State;
use super::{control, notices, oauth, vouchers};

const LARGEST_BODY: usize = 64 * 1024;
const WORKERS: usize = 2;

/// The partners, before they run.
pub struct Sandbox;

/// The partners, running.
pub struct Running {
    /// Where they answer.
    pub address: SocketAddr,
    handle: ServerHandle,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

/// Why the sandbox does not run.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// Choose a folder that can be written, and a port that is free.
    #[error("the sandbox cannot be started")]
    Io(#[from] std::io::Error),
    /// No client for webhooks could be made.
    #[error("the sandbox cannot send webhooks")]
    Client(#[from] reqwest::Error),
}

impl Sandbox {
    /// Opens the book and answers.
    ///
    /// # Errors
    /// [`SandboxError`].
    #[allow(clippy::unused_async, reason = "it spawns, and so needs a running runtime")]
    pub async fn start(config: SandboxConfig) -> Result<Running, SandboxError> {
        let book = Book::open(&config.book)?;
        let partners =
            config.partners.into_iter().map(|(id, partner)| (id.to_string(), partner)).collect();
        let sends = config.webhooks_to.is_some();
        let state = Arc::new(State::new(partners, config.seed, sends, book));
        let listener = TcpListener::bind(("127.0.0.1", config.port))?;
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let mut tasks = Vec::new();
        match config.webhooks_to {
            Some(target) => {
                let client = crate::partners::client()?;
                tasks.push(tokio::spawn(notices::deliver(state.clone(), target, client, stopped)));
            }
            None => tracing::warn!("webhooks go nowhere: none are sent"),
        }
        let server = serve(listener, state)?;
        let handle = server.handle();
        tasks.push(tokio::spawn(async move {
            if let Err(failure) = server.await {
                tracing::error!(%failure, "the sandbox ended");
            }
        }));
        Ok(Running { address, handle, stop, tasks })
    }
}

fn serve(listener: TcpListener, state: Arc<State>) -> std::io::Result<actix_web::dev::Server> {
    let data: web::Data<State> = web::Data::from(state);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(data.clone())
            .app_data(web::PayloadConfig::new(LARGEST_BODY))
            .route("/control/issued", web::get().to(control::issued))
            .route("/control/book", web::get().to(control::book))
            .route("/control/faults", web::post().to(control::faults))
            .route("/control/redeem", web::post().to(control::redeem))
            .route("/control/reverse", web::post().to(control::reverse))
            .route("/control/clock", web::post().to(control::clock))
            .route("/{partner}/oauth/token", web::post().to(oauth::token))
            .route("/{partner}/vouchers", web::post().to(vouchers::issue))
            .route(
                "/{partner}/vouchers/by-reference/{reference}",
                web::get().to(vouchers::by_reference),
            )
            .route("/{partner}/vouchers/{id}/balance", web::get().to(vouchers::balance))
            .route("/{partner}/vouchers/{id}/transactions", web::get().to(vouchers::transactions))
            .route("/{partner}/vouchers/{id}/void", web::post().to(vouchers::void))
    });
    Ok(server.workers(WORKERS).shutdown_timeout(1).disable_signals().listen(listener)?.run())
}

impl Running {
    /// Stops; the book stays.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        self.handle.stop(false).await;
        for task in self.tasks {
            task.await.ok();
        }
    }
}
