//! How does one partner get a call, and we its answer? With a fresh token, the very bytes, and once
//! more when the token was no longer taken.
//!
//! *Guarantees*: token, call, second token and second call together end by the deadline, whoever
//! else waits for the same token.
//!
//! Rows: P8, P10, D2, D4.

use std::time::Instant;

use domain::ids::PartnerId;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::timeout_at;

use super::calls::{A_FILE, Answer, Bounds, NoAnswer, USUAL, send_within};
use super::oauth::{NoToken, Tokens};
use super::settings::PartnerSettings;
use crate::vault::Vault;

/// The way to one partner.
pub(super) struct Connection {
    id: PartnerId,
    base: String,
    http: reqwest::Client,
    tokens: Tokens,
}

/// A call as it leaves.
pub(super) struct Call<'a> {
    pub method: Method,
    /// Below the partner's address, beginning with a slash.
    pub path: &'a str,
    pub idempotency_key: Option<String>,
    /// JSON.
    pub body: Option<Vec<u8>>,
    /// How large the answer may be, and how long it may take.
    pub bounds: Bounds,
}

impl<'a> Call<'a> {
    /// Asks, and changes nothing.
    pub fn get(path: &'a str) -> Self {
        Self { method: Method::GET, path, idempotency_key: None, body: None, bounds: USUAL }
    }

    /// Sends a body.
    pub fn post(path: &'a str, body: Vec<u8>) -> Self {
        Self { method: Method::POST, path, idempotency_key: None, body: Some(body), bounds: USUAL }
    }

    /// Sends nothing but the wish.
    pub fn post_empty(path: &'a str) -> Self {
        Self { method: Method::POST, path, idempotency_key: None, body: None, bounds: USUAL }
    }

    /// A file may be larger than what answers a question, and take longer.
    pub fn for_a_file(self) -> Self {
        Self { bounds: A_FILE, ..self }
    }

    /// The same key for every repeat.
    pub fn once_under(self, key: String) -> Self {
        Self { idempotency_key: Some(key), ..self }
    }
}

impl Connection {
    pub fn new(
        id: PartnerId,
        settings: PartnerSettings,
        http: reqwest::Client,
        vault: Vault,
    ) -> Self {
        let base = settings.api_url.as_str().trim_end_matches('/').to_owned();
        let tokens = Tokens::new(id.clone(), &settings, http.clone(), vault);
        Self { id, base, http, tokens }
    }

    pub fn id(&self) -> &PartnerId {
        &self.id
    }

    /// Calls, and calls once more with a new token when the first was not taken.
    pub async fn call(&self, call: &Call<'_>, deadline: Instant) -> Result<Answer, NoAnswer> {
        let token = self.token(deadline).await?;
        let answer = self.call_with(call, &token, deadline).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        let rejected = timeout_at(deadline.into(), self.tokens.reject(&token)).await;
        rejected.map_err(|_| NoAnswer::NotSent("timed_out"))?;
        let token = self.token(deadline).await?;
        self.call_with(call, &token, deadline).await
    }

    /// Calls with a member's own token.
    pub async fn call_for(
        &self,
        call: &Call<'_>,
        grant: &SecretString,
        deadline: Instant,
    ) -> Result<Answer, NoAnswer> {
        self.call_with(call, grant, deadline).await
    }

    /// Without a token nothing of the call itself has left, and a 401 means: not processed.
    async fn token(&self, deadline: Instant) -> Result<SecretString, NoAnswer> {
        let token = timeout_at(deadline.into(), self.tokens.get(deadline)).await;
        let token = token.unwrap_or(Err(NoToken("timed_out")));
        token.map_err(|NoToken(why)| NoAnswer::NotSent(why))
    }

    async fn call_with(
        &self,
        call: &Call<'_>,
        token: &SecretString,
        deadline: Instant,
    ) -> Result<Answer, NoAnswer> {
        let url = format!("{}{}", self.base, call.path);
        let mut request =
            self.http.request(call.method.clone(), url).bearer_auth(token.expose_secret());
        if let Some(key) = &call.idempotency_key {
            request = request.header("Idempotency-Key", key);
        }
        if let Some(body) = &call.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        send_within(call.bounds, request, deadline).await
    }
}
