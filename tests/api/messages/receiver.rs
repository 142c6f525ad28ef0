//! Another system that wants to be told, and answers as a test says.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::Value;

/// What it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// This status.
    Status(u16),
    /// 503, and when it wants to be asked again.
    NotBefore(&'static str),
    /// That it is elsewhere: at `/elsewhere` of its own.
    Elsewhere,
    /// Nothing, for so long.
    NothingFor(Duration),
}

/// A notice as it came.
#[derive(Debug, Clone)]
pub struct Came {
    /// Where to.
    pub path: String,
    /// `webhook-id`
    pub id: String,
    /// `webhook-timestamp`
    pub timestamp: String,
    /// `webhook-signature`
    pub signature: String,
    /// The bytes.
    pub body: Vec<u8>,
}

impl Came {
    /// The body, read.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

#[derive(Default)]
struct Book {
    came: Mutex<Vec<Came>>,
    answers: Mutex<VecDeque<Says>>,
}

/// The system.
pub struct Receiver {
    /// Where it is.
    pub url: String,
    book: Arc<Book>,
    server: actix_web::dev::ServerHandle,
}

impl Receiver {
    /// Starts it; it answers 204 unless it is told otherwise.
    pub async fn start() -> Self {
        let book = Arc::new(Book::default());
        let theirs = web::Data::from(book.clone());
        let server = HttpServer::new(move || {
            App::new().app_data(theirs.clone()).default_service(web::to(receive))
        })
        .workers(1)
        .disable_signals()
        .shutdown_timeout(0)
        .bind("127.0.0.1:0")
        .unwrap();
        let url = format!("http://{}/notices", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { url, book, server: handle }
    }

    /// Its next answers, in this order.
    pub fn will_say(&self, answers: &[Says]) {
        self.book.answers.lock().unwrap().extend(answers);
    }

    /// Everything that came.
    pub fn came(&self) -> Vec<Came> {
        self.book.came.lock().unwrap().clone()
    }

    /// How many notices of this type came.
    pub fn count(&self, kind: &str) -> usize {
        self.came().iter().filter(|came| came.json()["type"] == kind).count()
    }

    /// Ends it.
    pub async fn stop(self) {
        self.server.stop(false).await;
    }
}

async fn receive(request: HttpRequest, body: web::Bytes, book: web::Data<Book>) -> HttpResponse {
    let header =
        |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    book.came.lock().unwrap().push(Came {
        path: request.path().to_owned(),
        id: header("webhook-id").unwrap_or_default(),
        timestamp: header("webhook-timestamp").unwrap_or_default(),
        signature: header("webhook-signature").unwrap_or_default(),
        body: body.to_vec(),
    });
    let says = book.answers.lock().unwrap().pop_front().unwrap_or(Says::Status(204));
    match says {
        Says::Status(status) => HttpResponse::build(status.try_into().unwrap()).finish(),
        Says::NotBefore(when) => {
            HttpResponse::ServiceUnavailable().insert_header(("retry-after", when)).finish()
        }
        Says::Elsewhere => {
            HttpResponse::Found().insert_header(("location", "/elsewhere")).finish()
        }
        Says::NothingFor(long) => {
            tokio::time::sleep(long).await;
            HttpResponse::NoContent().finish()
        }
    }
}
