//! How is the sandbox started and stopped?
//!
//! Rows: P11.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::web::ServiceConfig;
use actix_web::{App, HttpServer, web};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::api::{accounts, orders, referrals, values};
use super::book::Book;
use super::config::SandboxConfig;
use super::control::{lists, page, settings, till};
use super::state::State;
use super::{clerk, notices, oauth, statements};

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
        let tells = (sends, sends && config.tells_of_issuing);
        let state = Arc::new(State::new(partners, config.seed, tells, book));
        let listener = TcpListener::bind(("127.0.0.1", config.port))?;
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let mut tasks = vec![tokio::spawn(clerk::work(state.clone(), stopped.clone()))];
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
            .configure(control_desk)
            .configure(partners)
            .wrap(from_fn(page::remember))
    });
    Ok(server.workers(WORKERS).shutdown_timeout(1).disable_signals().listen(listener)?.run())
}

fn control_desk(config: &mut ServiceConfig) {
    config
        .route("/", web::get().to(page::show))
        .route("/control/issued", web::get().to(lists::issued))
        .route("/control/book", web::get().to(lists::book))
        .route("/control/faults", web::post().to(settings::faults))
        .route("/control/faults", web::get().to(settings::left))
        .route("/control/clock", web::post().to(settings::clock))
        .route("/control/redeem", web::post().to(till::redeem))
        .route("/control/reverse", web::post().to(till::reverse))
        .route("/control/tap", web::post().to(till::tap))
        .route("/control/return", web::post().to(till::send_back))
        .route("/control/tell", web::post().to(till::say));
}

fn partners(config: &mut ServiceConfig) {
    config
        .route("/{partner}/oauth/token", web::post().to(oauth::token))
        .route("/{partner}/oauth/authorize", web::get().to(oauth::show))
        .route("/{partner}/oauth/authorize", web::post().to(oauth::agree))
        .route("/{partner}/oauth/account", web::get().to(oauth::account))
        .route("/{partner}/oauth/revoke", web::post().to(oauth::revoke))
        .route("/{partner}/statements/{date}", web::get().to(statements::show))
        .route("/{partner}/accounts/verify", web::post().to(accounts::verify))
        .route("/{partner}/accounts/{topic}", web::post().to(accounts::ask))
        .route("/{partner}/referrals", web::post().to(referrals::take))
        .route("/{partner}/{place}", web::post().to(orders::order))
        .route("/{partner}/{place}/by-reference/{reference}", web::get().to(values::by_reference))
        .route("/{partner}/{place}/{id}/balance", web::get().to(values::balance))
        .route("/{partner}/{place}/{id}/transactions", web::get().to(values::transactions))
        .route("/{partner}/{place}/{id}/void", web::post().to(values::void));
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
