//! How do bytes leave, and how do they come back? Bounded in time and size, to configured hosts
//! only.
//!
//! *Guarantees*: no redirect is followed; nothing leaves after the deadline; an answer is read up
//! to a bound; whether a byte can have left decides between deferred and unknown.
//!
//! Rows: D4, D1.

use std::time::{Duration, Instant};

use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{RequestBuilder, Response, StatusCode};
use sha2::{Digest, Sha256};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long an answer is awaited once the call has left.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(8);
const LARGEST_ANSWER: usize = 256 * 1024;

/// The client that all partners share.
///
/// # Errors
/// When TLS cannot be set up.
pub fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(ANSWER_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .user_agent("anchor")
        .build()
}

/// An answer that came back whole.
pub(crate) struct Answer {
    pub status: StatusCode,
    pub retry_after: Option<Duration>,
    pub is_json: bool,
    pub body: Vec<u8>,
}

impl Answer {
    /// SHA-256 of the body, in hex.
    pub fn digest(&self) -> String {
        digest(&self.body)
    }
}

/// Why no answer came back whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    /// Nothing was sent.
    NotSent(&'static str),
    /// Something may have arrived.
    Lost(&'static str),
}

/// Sends a request and reads the whole answer.
pub(crate) async fn send(request: RequestBuilder, deadline: Instant) -> Result<Answer, NoAnswer> {
    if Instant::now() >= deadline {
        return Err(NoAnswer::NotSent("deadline_passed"));
    }
    let response = request.send().await.map_err(|error| {
        // A connect time-out is both; what was never connected was never sent.
        if error.is_connect() {
            NoAnswer::NotSent("connect_failed")
        } else if error.is_builder() {
            NoAnswer::NotSent("request_not_built")
        } else if error.is_timeout() {
            NoAnswer::Lost("timed_out")
        } else {
            NoAnswer::Lost("connection_lost")
        }
    })?;
    read(response).await
}

async fn read(mut response: Response) -> Result<Answer, NoAnswer> {
    let status = response.status();
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let retry_after =
        header(RETRY_AFTER).and_then(|text| text.parse().ok()).map(Duration::from_secs);
    let is_json = header(CONTENT_TYPE).is_some_and(|text| text.starts_with("application/json"));
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > LARGEST_ANSWER => {
                return Err(NoAnswer::Lost("answer_too_large"));
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(Answer { status, retry_after, is_json, body }),
            Err(error) if error.is_timeout() => return Err(NoAnswer::Lost("timed_out")),
            Err(_) => return Err(NoAnswer::Lost("answer_cut_off")),
        }
    }
}

/// SHA-256 in hex.
pub(super) fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
