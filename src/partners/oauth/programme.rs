//! As whom do we call? With a token for the programme, fetched once however many ask.
//!
//! Kept in memory, and sealed in the vault so that a restart does not ask anew. Fetched again a
//! minute before it ends, or when the partner says that it no longer takes it. A fetch that fails
//! has failed for all who waited for it: a desk that never answers is asked once, not by each in
//! turn.
//!
//! Rows: P8, P9, D2.

use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Duration, Utc};
use domain::ids::PartnerId;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::client::{NoTokens, OAuthClient, granted};
use crate::clock::real_now;
use crate::partners::settings::PartnerSettings;
use crate::vault::Vault;

const RENEW_BEFORE_SECONDS: i64 = 60;
const SECRET_NAME: &str = "client_credentials_token";

#[derive(Clone)]
struct Token {
    value: SecretString,
    ends_at: DateTime<Utc>,
}

/// The token of one partner.
pub struct Tokens {
    partner: PartnerId,
    /// None where the settings hold no address that could be asked.
    client: Option<OAuthClient>,
    vault: Vault,
    held: Arc<Mutex<Held>>,
}

/// What is known of it in this process.
#[derive(Default)]
struct Held {
    token: Option<Token>,
    /// When the last fetch failed, and why.
    failed: Option<(Instant, NoToken)>,
}

/// Why there is no token. No order has left then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoToken(pub &'static str);

/// A token as it rests in the vault.
#[derive(Serialize, Deserialize)]
struct AtRest {
    value: String,
    ends_at: DateTime<Utc>,
}

impl Tokens {
    pub fn new(
        partner: PartnerId,
        settings: &PartnerSettings,
        http: reqwest::Client,
        vault: Vault,
    ) -> Self {
        let client = OAuthClient::of_programme(settings, http);
        Self { partner, client, vault, held: Arc::default() }
    }

    /// A token that is good for at least another minute. Whoever asks meanwhile waits for the same.
    pub async fn get(&self, deadline: Instant) -> Result<SecretString, NoToken> {
        let asked_at = Instant::now();
        let mut held = self.held.lock().await;
        if let Some((at, why)) = held.failed.filter(|(at, _)| *at >= asked_at) {
            tracing::debug!(partner = %self.partner, waited_ms = (at - asked_at).as_millis(),
                "the token that others fetched did not come");
            return Err(why);
        }
        if held.token.is_none() {
            held.token = self.kept_in_vault().await;
        }
        if let Some(token) = held.token.as_ref().filter(|token| token.is_fresh()) {
            return Ok(token.value.clone());
        }
        let token = self.fetch(deadline).await.inspect_err(|why| {
            held.failed = Some((Instant::now(), *why));
        })?;
        let value = token.value.clone();
        self.keep_in_vault(&token).await;
        held.token = Some(token);
        Ok(value)
    }

    /// The partner did not take this one; the next call fetches another.
    pub async fn reject(&self, refused: &SecretString) {
        let mut held = self.held.lock().await;
        let is_same = |token: &&mut Token| token.value.expose_secret() == refused.expose_secret();
        if let Some(token) = held.token.as_mut().filter(is_same) {
            // Not none: the vault still has the one that was refused.
            token.ends_at = DateTime::UNIX_EPOCH;
        }
    }

    async fn fetch(&self, deadline: Instant) -> Result<Token, NoToken> {
        let client = self.client.as_ref().ok_or(NoToken("no_address"))?;
        let answer = client.for_us(deadline).await.map_err(|why| match why {
            NoTokens::NotAsked(why) | NoTokens::Unknown(why) => NoToken(why),
            NoTokens::GrantNotTaken | NoTokens::Refused(_) => NoToken("token_refused"),
        })?;
        let (value, seconds) = granted(&answer).ok_or(NoToken("token_unreadable"))?;
        Ok(Token { value, ends_at: real_now() + Duration::seconds(seconds) })
    }

    async fn kept_in_vault(&self) -> Option<Token> {
        let kept = self.vault.partner_secret(&self.partner, SECRET_NAME).await.ok()??;
        let kept: AtRest = serde_json::from_str(kept.expose_secret()).ok()?;
        Some(Token { value: SecretString::from(kept.value), ends_at: kept.ends_at })
    }

    async fn keep_in_vault(&self, token: &Token) {
        let at_rest =
            AtRest { value: token.value.expose_secret().to_owned(), ends_at: token.ends_at };
        let Ok(text) = serde_json::to_string(&at_rest) else { return };
        let kept = self.vault.put_partner_secret(&self.partner, SECRET_NAME, &text.into()).await;
        if let Err(error) = kept {
            tracing::warn!(partner = %self.partner, %error, "a token is kept in memory alone");
        }
    }
}

/// Asks for a token with these settings, and keeps none: whether address and credentials are right.
///
/// # Errors
/// A code, such as `connect_failed` or `token_refused`.
pub async fn try_credentials(
    settings: &PartnerSettings,
    http: reqwest::Client,
    deadline: Instant,
) -> Result<(), &'static str> {
    let client = OAuthClient::of_programme(settings, http).ok_or("no_address")?;
    match client.for_us(deadline).await {
        Ok(_) => Ok(()),
        Err(NoTokens::NotAsked(why) | NoTokens::Unknown(why)) => Err(why),
        Err(NoTokens::GrantNotTaken | NoTokens::Refused(_)) => Err("token_refused"),
    }
}

impl Token {
    fn is_fresh(&self) -> bool {
        self.ends_at - real_now() > Duration::seconds(RENEW_BEFORE_SECONDS)
    }
}
