//! With which public key is this token checked? The project publishes its keys; they are kept a
//! while.
//!
//! *Guarantees*: one fetch at a time however many requests wait, at most one in thirty seconds
//! whatever key ids tokens name, at most sixteen keys and 64 kB kept. A key serves exactly the one
//! algorithm that fits its kind. When the publisher cannot be reached, keys that were seen in the
//! last hour still serve.
//!
//! Rows: F5.

use std::time::{Duration, Instant};

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey};
use tokio::sync::Mutex;
use url::Url;

use super::token::AccessError;

const FRESH_FOR: Duration = Duration::from_secs(10 * 60);
const USABLE_FOR: Duration = Duration::from_secs(60 * 60);
const PAUSE_BETWEEN_FETCHES: Duration = Duration::from_secs(30);
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
const MAX_KEYS: usize = 16;
const MAX_BYTES: usize = 64 * 1024;

/// The public keys of one issuer.
pub(super) struct PublishedKeys {
    url: Url,
    http: reqwest::Client,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    keys: Vec<PublishedKey>,
    fetched: Option<Instant>,
    tried: Option<Instant>,
}

#[derive(Clone)]
struct PublishedKey {
    id: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

impl PublishedKeys {
    /// Keys from `url`, such as `<SUPABASE_URL>/auth/v1/.well-known/jwks.json`. Fetches nothing
    /// yet.
    ///
    /// # Errors
    /// When no client can be made.
    pub(super) fn new(url: Url) -> Result<Self, reqwest::Error> {
        let no_detours = reqwest::redirect::Policy::none();
        let http =
            reqwest::Client::builder().redirect(no_detours).timeout(FETCH_TIMEOUT).build()?;
        Ok(Self { url, http, kept: Mutex::default() })
    }

    /// The key of that id, and the only algorithm it may be used with.
    ///
    /// # Errors
    /// [`AccessError::KeysUnavailable`] when no keys are known and none can be fetched,
    /// [`AccessError::NotAccepted`] when the issuer has no such key.
    pub(super) async fn find(
        &self,
        id: Option<&str>,
    ) -> Result<(DecodingKey, Algorithm), AccessError> {
        let mut kept = self.kept.lock().await;
        let age = kept.fetched.map(|at| at.elapsed());
        let is_fresh = age.is_some_and(|age| age < FRESH_FOR);
        if (!is_fresh || kept.named(id).is_none()) && kept.may_fetch() {
            kept.tried = Some(Instant::now());
            match self.fetch().await {
                Ok(keys) => {
                    kept.keys = keys;
                    kept.fetched = kept.tried;
                }
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(
                        error,
                        "the keys that tokens are checked with were not fetched"
                    );
                }
            }
        }
        if kept.fetched.is_none_or(|at| at.elapsed() > USABLE_FOR) {
            return Err(AccessError::KeysUnavailable);
        }
        let found = kept.named(id).ok_or(AccessError::NotAccepted("its key is not published"))?;
        Ok((found.key.clone(), found.algorithm))
    }

    async fn fetch(&self) -> Result<Vec<PublishedKey>, FetchError> {
        let mut answer = self.http.get(self.url.clone()).send().await?.error_for_status()?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_BYTES {
                return Err(FetchError::TooLong);
            }
        }
        let set: JwkSet = serde_json::from_slice(&body)?;
        Ok(set.keys.iter().filter_map(usable).take(MAX_KEYS).collect())
    }
}

impl Kept {
    fn named(&self, id: Option<&str>) -> Option<&PublishedKey> {
        match (id, self.keys.as_slice()) {
            (Some(id), keys) => keys.iter().find(|key| key.id.as_deref() == Some(id)),
            (None, [only]) => Some(only),
            (None, _) => None,
        }
    }

    fn may_fetch(&self) -> bool {
        self.tried.is_none_or(|at| at.elapsed() > PAUSE_BETWEEN_FETCHES)
    }
}

/// A key of a kind that is accepted here, with the algorithm that fits it; others are passed over.
fn usable(published: &Jwk) -> Option<PublishedKey> {
    let algorithm = match &published.algorithm {
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            Algorithm::ES256
        }
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        _ => return None,
    };
    let key = DecodingKey::from_jwk(published).ok()?;
    Some(PublishedKey { id: published.common.key_id.clone(), algorithm, key })
}

#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("the publisher could not be reached")]
    Unreachable(#[from] reqwest::Error),
    #[error("the list of keys is too long")]
    TooLong,
    #[error("the list of keys cannot be read")]
    Unreadable(#[from] serde_json::Error),
}
