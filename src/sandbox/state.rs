//! What does the sandbox share among its calls?

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::book::{Book, Notice};
use super::codes::notice_id;
use super::config::SandboxPartner;
use super::faults::Faults;
use super::oauth::Grants;
use crate::clock::real_now;

/// Everything that changes.
pub(super) struct Desk {
    pub book: Book,
    pub faults: Faults,
    /// Tokens that were given out: whose, and until when.
    pub tokens: HashMap<String, (String, DateTime<Utc>)>,
    /// What customers agreed to.
    pub grants: Grants,
    /// Keys whose first call is still running.
    pub running: HashSet<(String, String)>,
    /// The last calls, newest last, for whoever integrates.
    pub calls: VecDeque<LastCall>,
}

/// A call as the page shows it.
pub(super) struct LastCall {
    pub at: DateTime<Utc>,
    pub what: String,
    pub status: u16,
}

const CALLS_KEPT: usize = 60;

/// The sandbox.
pub(super) struct State {
    pub partners: BTreeMap<String, SandboxPartner>,
    pub seed: u64,
    /// Raised when there is a webhook to send.
    pub notices: Notify,
    pub sends_notices: bool,
    desk: Mutex<Desk>,
}

impl State {
    pub fn new(
        partners: BTreeMap<String, SandboxPartner>,
        seed: u64,
        sends_notices: bool,
        book: Book,
    ) -> Self {
        let desk = Desk {
            book,
            faults: Faults::default(),
            tokens: HashMap::new(),
            grants: Grants::default(),
            running: HashSet::new(),
            calls: VecDeque::new(),
        };
        Self { partners, seed, notices: Notify::new(), sends_notices, desk: Mutex::new(desk) }
    }

    /// One call at a time changes the book.
    pub fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk {
    /// The partners' time.
    pub fn now(&self) -> DateTime<Utc> {
        real_now() + Duration::seconds(self.book.ahead_seconds)
    }

    /// Remembers a call for the page.
    pub fn keep_call(&mut self, what: String, status: u16) {
        if self.calls.len() >= CALLS_KEPT {
            self.calls.pop_front();
        }
        let at = self.now();
        self.calls.push_back(LastCall { at, what, status });
    }

    /// A webhook of this kind. Its id follows from the seed and from how many there were.
    pub fn notice(&self, seed: u64, partner: &str, kind: &str, data: &Value) -> Notice {
        let body = json!({ "type": kind, "timestamp": self.now(), "data": data });
        let id = notice_id(seed, partner, kind, self.book.notices_written);
        Notice { id, partner: partner.to_owned(), body: body.to_string() }
    }
}

/// The protocol's error body.
pub(super) fn error(status: u16, code: &str, message: &str) -> HttpResponse {
    let temporary = matches!(status, 429 | 503);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = json!({ "error": { "code": code, "message": message, "temporary": temporary } });
    let mut response = HttpResponse::build(status);
    if temporary {
        response.insert_header(("Retry-After", "1"));
    }
    response.json(body)
}

/// The book could not be written: nothing was done.
pub(super) fn book_failed(failure: &std::io::Error) -> HttpResponse {
    tracing::error!(%failure, "the sandbox's book could not be written");
    error(503, "not_processed", "The book could not be written; nothing was done.")
}
