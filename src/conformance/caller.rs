//! How is a partner called from outside? With a token that is kept, each call timed, bounded in
//! every way, and never redirected.
//!
//! Rows: P7, P8, D2.

use std::time::{Duration, Instant};

use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, RequestBuilder, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::partners::calls::{Answer, NoAnswer, send};
use crate::partners::protocols::{body, error_code};
use crate::partners::settings::PartnerSettings;

/// How long a partner may take, and how long it is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// An answer within this is in time.
    pub in_time: Duration,
    /// No answer is awaited longer.
    pub answer: Duration,
    /// How long webhooks are awaited after the last order.
    pub webhooks: Duration,
}

impl Default for Patience {
    /// Two seconds, as promised; twice that before it is given up; ten for webhooks.
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { in_time: seconds(2), answer: seconds(4), webhooks: seconds(10) }
    }
}

/// What nobody was ever given.
const MADE_UP: &str = "made-up-by-the-conformance-kit";

/// A token as it was given.
#[derive(Deserialize)]
pub(super) struct Granted {
    pub access_token: SecretString,
    pub token_type: String,
    pub expires_in: i64,
}

/// An answer, or none, and how long it took.
pub(super) struct Timed {
    pub answer: Result<Answer, NoAnswer>,
    pub took: Duration,
    patience: Patience,
}

impl Timed {
    /// Good when it did not take too long.
    pub fn in_time(&self) -> Result<String, String> {
        let seen = format!("after {} ms", self.took.as_millis());
        if self.took <= self.patience.in_time { Ok(seen) } else { Err(seen) }
    }

    /// The status of the answer; 0 when there was none.
    pub fn status(&self) -> u16 {
        self.answer.as_ref().map_or(0, |answer| answer.status.as_u16())
    }

    /// The documented code of its error body.
    pub fn code(&self) -> Option<String> {
        self.answer.as_ref().ok().and_then(error_code)
    }

    /// For people: the status with its documented code, or why there was no answer.
    pub fn seen(&self) -> String {
        match &self.answer {
            Ok(answer) => match error_code(answer) {
                Some(code) => format!("{} {code}", answer.status.as_u16()),
                None => answer.status.as_u16().to_string(),
            },
            Err(NoAnswer::Lost("timed_out")) => {
                format!("no answer within {} s", self.patience.answer.as_secs())
            }
            Err(NoAnswer::NotSent(why) | NoAnswer::Lost(why)) => format!("no answer: {why}"),
        }
    }

    /// Good when it is this status with this documented code.
    pub fn is_refusal(&self, status: u16, code: &str) -> Result<String, String> {
        let is_it = self.status() == status && self.code().as_deref() == Some(code);
        if is_it { Ok(self.seen()) } else { Err(self.seen()) }
    }

    /// A JSON body of this shape.
    pub fn body<T: serde::de::DeserializeOwned>(&self) -> Option<T> {
        self.answer.as_ref().ok().and_then(|answer| body(answer).ok())
    }
}

/// As whom a call is made.
#[derive(Clone, Copy)]
pub(super) enum As<'a> {
    /// With this token.
    Holder(&'a SecretString),
    /// With a token that nobody was given.
    Stranger,
    /// Without one.
    Nobody,
}

/// The way to the partner.
pub(super) struct Caller {
    http: reqwest::Client,
    base: String,
    client_id: String,
    client_secret: SecretString,
    token: Option<SecretString>,
    patience: Patience,
    /// How often a token was refused that was given before.
    pub tokens_refused: u32,
}

impl Caller {
    pub fn new(settings: &PartnerSettings, patience: Patience) -> Result<Self, reqwest::Error> {
        Ok(Self {
            http: crate::partners::client()?,
            base: settings.api_url.as_str().trim_end_matches('/').to_owned(),
            client_id: settings.client_id.clone(),
            client_secret: settings.client_secret.clone(),
            token: None,
            patience,
            tokens_refused: 0,
        })
    }

    /// Asks for a token, with our secret or with this one.
    pub async fn ask_for_token(&self, other: Option<&str>) -> Timed {
        let secret = other.unwrap_or(self.client_secret.expose_secret());
        let request = self
            .http
            .post(format!("{}/oauth/token", self.base))
            .basic_auth(&self.client_id, Some(secret))
            .form(&[("grant_type", "client_credentials")]);
        timed(request, self.patience).await
    }

    /// Calls with this token from now on.
    pub fn hold(&mut self, token: SecretString) {
        self.token = Some(token);
    }

    pub fn held(&self) -> Option<&SecretString> {
        self.token.as_ref()
    }

    /// Asks, and changes nothing.
    pub async fn get(&mut self, path: &str) -> Timed {
        self.call(Method::GET, path, (None, None)).await
    }

    /// Sends a body, under a key or under none.
    pub async fn post(&mut self, path: &str, key: Option<&str>, body: &[u8]) -> Timed {
        self.call(Method::POST, path, (key, Some(body))).await
    }

    /// As the protocol has it: a token that is not taken is fetched anew, and the call made once
    /// more.
    async fn call(
        &mut self,
        method: Method,
        path: &str,
        what: (Option<&str>, Option<&[u8]>),
    ) -> Timed {
        let whom = self.token.clone();
        let whom = whom.as_ref().map_or(As::Nobody, As::Holder);
        let timed = self.call_as(whom, method.clone(), path, what).await;
        if timed.status() != StatusCode::UNAUTHORIZED.as_u16() || self.token.is_none() {
            return timed;
        }
        self.tokens_refused += 1;
        let Some(granted) = self.ask_for_token(None).await.body::<Granted>() else { return timed };
        let again = self.call_as(As::Holder(&granted.access_token), method, path, what).await;
        self.token = Some(granted.access_token);
        again
    }

    /// One call, and no other.
    pub async fn call_as(
        &self,
        whom: As<'_>,
        method: Method,
        path: &str,
        (key, body): (Option<&str>, Option<&[u8]>),
    ) -> Timed {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        request = match whom {
            As::Holder(token) => request.bearer_auth(token.expose_secret()),
            As::Stranger => request.bearer_auth(MADE_UP),
            As::Nobody => request,
        };
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_vec());
        }
        timed(request, self.patience).await
    }
}

async fn timed(request: RequestBuilder, patience: Patience) -> Timed {
    let begun = Instant::now();
    let answer = send(request.timeout(patience.answer), begun + patience.answer).await;
    Timed { answer, took: begun.elapsed(), patience }
}
