//! How are requests taken in and let go? Sockets, limits, and an end that loses nothing.
//!
//! *Guarantees*: after a stop no connection is taken; requests that run get twenty seconds. Slow
//! headers end after ten seconds, slow bodies with the request's own limit.
//!
//! Rows: U6.

use std::net::TcpListener;
use std::time::Duration;

use actix_web::middleware::from_fn;
use actix_web::web::{self, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, ResponseError};
use tokio::sync::watch;
use utoipa_swagger_ui::{Config, SwaggerUi, Url};

use super::idempotency::SavedAnswers;
use super::openapi::{self, Document};
use super::operations::{Metrics, observe};
use super::problem::{Code, Problem};
use super::state::AppState;
use super::{partners, routes};
use crate::access::ComesBack;
use crate::partners::protocols::{PUBLISHED, Published};

const MAX_CONNECTIONS_A_THREAD: usize = 4096;
const SLOW_HEADERS: Duration = Duration::from_secs(10);
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long requests that run may still take after a stop.
pub const GRACE_SECONDS: u64 = 20;

/// Serves until `stop` is true, then lets running requests end.
///
/// # Errors
/// When the listener cannot be used, or a server thread dies.
pub async fn serve(
    listener: TcpListener,
    state: AppState,
    mut stop: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let document = serde_json::to_value(openapi::document()).expect("the document is plain JSON");
    let document = Data::new(Document(document));
    let metrics = Metrics::new();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(Data::new(state.trust.clone()))
            .app_data(Data::new(metrics.clone()))
            .app_data(Data::new(SavedAnswers::new(state.pool.clone())))
            .app_data(Data::new(state.clone()))
            .app_data(document.clone())
            .configure(routes::configure)
            .configure(|config| ways_back(config, &state))
            .configure(documentation)
            .wrap(from_fn(observe))
    })
    .max_connections(MAX_CONNECTIONS_A_THREAD)
    .client_request_timeout(SLOW_HEADERS)
    .keep_alive(KEEP_ALIVE)
    .shutdown_timeout(GRACE_SECONDS)
    .disable_signals()
    .listen(listener)?
    .run();
    let handle = server.handle();
    let stopping = async move {
        // A sender that is gone means the same as a stop.
        let _ = stop.wait_for(|is_stopped| *is_stopped).await;
        handle.stop(true).await;
    };
    let (ended, ()) = tokio::join!(server, stopping);
    ended
}

/// Where a partner has registered another way back than ours, that one is served too.
fn ways_back(config: &mut web::ServiceConfig, state: &AppState) {
    for (partner, settings) in &state.partners {
        let path = settings.redirect_uri.path();
        if path == format!("/api/oauth/{partner}/callback") {
            continue;
        }
        let partner = partner.clone();
        let to = move |who: ComesBack, state: Data<AppState>, request: HttpRequest| {
            let partner = partner.clone();
            async move { partners::come_back(who, &state, &partner, &request).await }
        };
        config.route(path, web::get().to(to));
    }
}

/// The pages that show the API's document and those of the partners' protocols; everything they
/// need is inside the program.
fn documentation(config: &mut web::ServiceConfig) {
    let ours = Url::new("Anchor", "/api/openapi.json");
    let theirs = PUBLISHED.iter().map(|Published { name, address, document }| {
        let answer = move || async move {
            HttpResponse::Ok().content_type("application/json").body(*document)
        };
        config.route(address, web::get().to(answer));
        Url::new(name, address)
    });
    let all: Vec<Url> = std::iter::once(ours).chain(theirs).collect();
    let page = Config::new(all).validator_url("none").persist_authorization(false);
    let to_page = || async {
        HttpResponse::PermanentRedirect().insert_header(("location", "/docs/")).finish()
    };
    config.route("/docs", web::get().to(to_page));
    let none = || async { Problem::new(Code::NotFound).error_response() };
    config.route("/docs/protocols/{name}", web::get().to(none));
    config.service(SwaggerUi::new("/docs/{_:.*}").config(page));
}
