//! How would the app, its backend and finance ask? Over HTTP, each with a token of their own.

use anyhow::{Context as _, bail};
use domain::ids::PartnerId;
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::household::Household;
use crate::access::{NewToken, Role, mint};

/// Talks to the demo's server.
pub struct Client {
    http: reqwest::Client,
    base: String,
    secret: SecretString,
    issuer: Url,
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    /// Their id.
    pub sub: Uuid,
    /// Their role.
    pub role: Role,
}

impl Caller {
    /// The member themselves.
    #[must_use]
    pub fn member(sub: Uuid) -> Self {
        Self { sub, role: Role::Member }
    }

    /// Somebody of the house, or the app's backend.
    #[must_use]
    pub fn staff(role: Role) -> Self {
        Self { sub: Uuid::from_u128(0x0193_a000_0000_7000_9000_0000_0000_0000), role }
    }
}

impl Client {
    /// A client of the server at `base`.
    ///
    /// # Errors
    /// When the household has no issuer.
    pub fn new(base: &str, household: &Household) -> anyhow::Result<Self> {
        let issuer = household.variable("SUPABASE_URL").context("the demo names an issuer")?;
        Ok(Self {
            http: reqwest::Client::builder().no_proxy().build()?,
            base: base.to_owned(),
            secret: household.jwt_secret(),
            issuer: Url::parse(&issuer)?,
        })
    }

    /// A token for `caller`, with a second factor, for half a day.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn token(&self, caller: Caller) -> anyhow::Result<SecretString> {
        let partner_id: Option<PartnerId> = match caller.role {
            Role::Partner => Some("woolworths".parse()?),
            _ => None,
        };
        let token = NewToken {
            sub: caller.sub,
            role: caller.role,
            partner_id,
            has_second_factor: true,
            ttl: chrono::Duration::hours(12),
        };
        Ok(mint(&self.secret, &self.issuer, &token)?)
    }

    /// GETs `path` as `caller`.
    ///
    /// # Errors
    /// When the answer is not a success; its problem is told.
    pub async fn get(&self, caller: Caller, path: &str) -> anyhow::Result<Value> {
        self.call(Method::GET, caller, path, None).await
    }

    /// POSTs `body` to `path` as `caller`.
    ///
    /// # Errors
    /// When the answer is not a success; its problem is told.
    pub async fn post(&self, caller: Caller, path: &str, body: Value) -> anyhow::Result<Value> {
        self.call(Method::POST, caller, path, Some(body)).await
    }

    /// PUTs `body` to `path` as `caller`.
    ///
    /// # Errors
    /// When the answer is not a success; its problem is told.
    pub async fn put(&self, caller: Caller, path: &str, body: Value) -> anyhow::Result<Value> {
        self.call(Method::PUT, caller, path, Some(body)).await
    }

    async fn call(
        &self,
        method: Method,
        caller: Caller,
        path: &str,
        body: Option<Value>,
    ) -> anyhow::Result<Value> {
        let token = self.token(caller)?;
        let mut request = self
            .http
            .request(method.clone(), format!("{}{path}", self.base))
            .bearer_auth(token.expose_secret());
        if let Some(body) = body {
            request = request.json(&body);
        }
        answer(request.send().await?, &format!("{method} {path}")).await
    }
}

/// Talks to the sandbox's control desk.
pub struct Till {
    http: reqwest::Client,
    sandbox: String,
}

impl Till {
    /// The control desk of the sandbox at `sandbox`.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn new(sandbox: &str) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        Ok(Self { http, sandbox: sandbox.to_owned() })
    }

    /// GETs `/control/{what}`.
    ///
    /// # Errors
    /// When the sandbox says no.
    pub async fn look(&self, what: &str) -> anyhow::Result<Value> {
        let url = format!("{}/control/{what}", self.sandbox);
        answer(self.http.get(url).send().await?, what).await
    }

    /// POSTs `body` to `/control/{what}`.
    ///
    /// # Errors
    /// When the sandbox says no.
    pub async fn ask(&self, what: &str, body: Value) -> anyhow::Result<Value> {
        let url = format!("{}/control/{what}", self.sandbox);
        answer(self.http.post(url).json(&body).send().await?, what).await
    }
}

async fn answer(response: reqwest::Response, what: &str) -> anyhow::Result<Value> {
    let status = response.status();
    let text = response.text().await?;
    if !status.is_success() {
        bail!("{what}: {status} {text}");
    }
    if text.is_empty() || status == StatusCode::NO_CONTENT {
        return Ok(Value::Null);
    }
    serde_json::from_str(&text).with_context(|| format!("{what}: the answer is not JSON"))
}
