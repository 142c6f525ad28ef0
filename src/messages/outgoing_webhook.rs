//! How does a notice leave, and what came back? One bounded call; of the answer only its status
//! and when to ask again.
//!
//! *Guarantees*: no redirect is followed, no proxy is asked, nothing of the answer's body is read;
//! all of it is over within the time-out.
//!
//! Rows: U4, C4.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};

use super::deliveries::Tried;
use crate::clock::real_now;

const CONNECT: Duration = Duration::from_secs(3);
/// All of a call.
const WHOLE: Duration = Duration::from_secs(10);

/// The headers that sign a notice, as Standard Webhooks names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// `webhook-id`: the same in every try.
    pub id: String,
    /// `webhook-timestamp`: of this try, in whole seconds.
    pub timestamp: i64,
    /// `webhook-signature`: one for each live secret, by spaces.
    pub signatures: String,
}

/// Makes calls to endpoints.
#[derive(Clone)]
pub struct Caller(reqwest::Client);

impl Caller {
    /// A caller for all endpoints.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new() -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .timeout(WHOLE)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .user_agent("anchor")
            .build()?;
        Ok(Self(client))
    }

    /// Sends these bytes.
    pub async fn post(&self, url: &str, signed: &Signed, body: &str) -> Tried {
        let request = self
            .0
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &signed.id)
            .header("webhook-timestamp", signed.timestamp)
            .header("webhook-signature", &signed.signatures)
            .body(body.to_owned());
        match request.send().await {
            Ok(answer) => Tried::Answered {
                status: answer.status().as_u16(),
                retry_after: retry_after(&answer, real_now()),
            },
            Err(error) if error.is_timeout() => Tried::NotAnswered("timed_out"),
            Err(error) if error.is_connect() => Tried::NotAnswered("not_reached"),
            Err(_) => Tried::NotAnswered("connection_lost"),
        }
    }
}

/// In how many seconds: a number of them, or a date, as HTTP has it. What is neither says nothing.
fn retry_after(answer: &reqwest::Response, now: DateTime<Utc>) -> Option<i64> {
    let text = answer.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    let at = |text| Some(DateTime::parse_from_rfc2822(text).ok()?.to_utc());
    let seconds = text.parse().ok().or_else(|| Some((at(text)? - now).num_seconds()))?;
    Some(seconds).filter(|seconds| *seconds > 0)
}
