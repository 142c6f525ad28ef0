//! How do bytes leave, and how do they come back? Bounded in time and size, to configured hosts
//! only.
//!
//! A partner may be slow, broken or somebody else's by now, so nothing of an answer is trusted to
//! end by itself:
//!
//! | what | bound |
//! | --- | --- |
//! | connecting, the TLS handshake included | 3 s, else nothing was sent |
//! | a call as a whole, from connecting to the last byte | 8 s, and the caller's deadline |
//! | when a call may still begin | while a connection can be made before the deadline |
//! | an answer's head | 100 fields, some 400 KiB; 16 KiB in HTTP/2 |
//! | an answer's body | 256 KiB as it came: nothing is unpacked |
//! | a statement's body | 16 MiB, and a minute for the call as a whole |
//! | what HTTP/2 may send ahead | as much as one answer |
//! | `Retry-After` | an hour |
//!
//! *Guarantees*: no redirect is followed and no referrer told; nothing leaves after the deadline;
//! nothing is sent again behind our back; a certificate that does not fit ends the call before a
//! byte of it has left; whether a byte can have left decides between deferred and unknown.
//!
//! Rows: D4, D1.

use std::time::{Duration, Instant};

use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{ClientBuilder, RequestBuilder, Response, StatusCode};
use sha2::{Digest, Sha256};
use tokio::time::timeout_at;

/// A call begins at the latest so long before its deadline: a connection that cannot be made is
/// then known as such, and not taken for a call that may have arrived.
const LAST_START: Duration = Duration::from_millis(3_250);
const MOST_FIELDS: usize = 100;
const LARGEST_HEAD: u32 = 16 * 1024;
/// What answers a question.
pub(crate) const USUAL: Bounds = Bounds { largest: 256 * 1024, patience: None };
/// A day of a partner's books: 100,000 lines are some 15 MB.
pub(crate) const A_FILE: Bounds =
    Bounds { largest: 16 * 1024 * 1024, patience: Some(Duration::from_secs(60)) };
const LARGEST_AHEAD: u32 = 256 * 1024;
/// A connection that nobody used for so long is closed; a partner cannot keep one busy for ever.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// No partner keeps itself from being asked for longer.
const LONGEST_RETRY_AFTER_SECONDS: u64 = 3_600;

/// How long a partner is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// Until a connection stands.
    pub connect: Duration,
    /// Until the answer is there, connecting included.
    pub answer: Duration,
}

impl Timeouts {
    /// As the program calls.
    pub const USUAL: Self =
        Self { connect: Duration::from_secs(3), answer: Duration::from_secs(8) };
}

/// The client that all partners share.
///
/// # Errors
/// When TLS cannot be set up.
pub fn client() -> Result<reqwest::Client, reqwest::Error> {
    client_with(Timeouts::USUAL)
}

/// The same, with a patience of one's own.
///
/// # Errors
/// When TLS cannot be set up.
pub fn client_with(timeouts: Timeouts) -> Result<reqwest::Client, reqwest::Error> {
    bounded(timeouts).build()
}

/// What every client keeps to.
pub(super) fn bounded(timeouts: Timeouts) -> ClientBuilder {
    reqwest::Client::builder()
        .connect_timeout(timeouts.connect)
        .timeout(timeouts.answer)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        // What is repeated is on record before it leaves.
        .retry(reqwest::retry::never())
        .no_proxy()
        // Also when somebody's dependency turns one of these on for the whole program.
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .http1_max_headers(MOST_FIELDS)
        .http2_max_header_list_size(LARGEST_HEAD)
        .http2_initial_stream_window_size(LARGEST_AHEAD)
        .http2_initial_connection_window_size(LARGEST_AHEAD)
        .user_agent("anchor")
}

/// What an answer may come to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// In bytes.
    pub largest: usize,
    /// How long the call may take as a whole; the client's own time when none is named.
    pub patience: Option<Duration>,
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

/// Sends a request and reads the whole answer; both end by the deadline.
pub(crate) async fn send(request: RequestBuilder, deadline: Instant) -> Result<Answer, NoAnswer> {
    send_within(USUAL, request, deadline).await
}

/// The same, for an answer of this size and time.
pub(crate) async fn send_within(
    bounds: Bounds,
    request: RequestBuilder,
    deadline: Instant,
) -> Result<Answer, NoAnswer> {
    if deadline.saturating_duration_since(Instant::now()) < LAST_START {
        return Err(NoAnswer::NotSent("deadline_passed"));
    }
    let request = match bounds.patience {
        Some(patience) => request.timeout(patience),
        None => request,
    };
    let largest = bounds.largest;
    let whole = async { read(exchange(request).await?, largest).await };
    let answered = timeout_at(deadline.into(), whole);
    answered.await.unwrap_or(Err(NoAnswer::Lost("timed_out")))
}

async fn exchange(request: RequestBuilder) -> Result<Response, NoAnswer> {
    request.send().await.map_err(|error| {
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
    })
}

async fn read(mut response: Response, largest: usize) -> Result<Answer, NoAnswer> {
    let status = response.status();
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let retry_after = header(RETRY_AFTER)
        .and_then(|text| text.parse::<u64>().ok())
        .map(|seconds| Duration::from_secs(seconds.min(LONGEST_RETRY_AFTER_SECONDS)));
    let is_json = header(CONTENT_TYPE).is_some_and(|text| text.starts_with("application/json"));
    let announced = response.content_length().unwrap_or(0);
    if usize::try_from(announced).map_or(true, |length| length > largest) {
        return Err(NoAnswer::Lost("answer_too_large"));
    }
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > largest => {
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
