//! Whom does this bearer token speak for? A [`Person`], or one of a few refusals.
//!
//! *Guarantees*: with a shared secret only HS256 is accepted, with published keys only ES256 and
//! RS256 under the key's own algorithm: a token cannot choose how it is checked. Issuer, audience,
//! expiry, subject and level are all required or defaulted to the weaker; an unknown role is
//! refused and never becomes another one. Refusals never repeat the token.
//!
//! Rows: F5.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::ids::PartnerId;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;
use uuid::Uuid;

use super::published_keys::PublishedKeys;
use crate::clock::real_now;

/// Longer tokens are refused before anything is computed over them.
const MAX_TOKEN_BYTES: usize = 8 * 1024;
/// How far our clock and the issuer's may differ.
const LEEWAY_SECONDS: i64 = 30;
/// What Supabase writes into `aud` for people who have signed in.
pub(super) const AUDIENCE: &str = "authenticated";

/// What somebody may do. A token without one is a member's (F5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// A person in recovery: sees only their own.
    Member,
    /// The Anchor app's backend.
    Service,
    /// Somebody of a partner: sees that partner's part.
    Partner,
    /// A support worker.
    Support,
    /// Finance and its auditors.
    Finance,
    /// Whoever operates Anchor.
    Admin,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 6] =
        [Self::Member, Self::Service, Self::Partner, Self::Support, Self::Finance, Self::Admin];

    /// Its name in tokens and in the API document.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Service => "service",
            Self::Partner => "partner",
            Self::Support => "support",
            Self::Finance => "finance",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;
    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(UnknownRole)
    }
}

/// A role that does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a role is one of member, service, partner, support, finance, admin")]
pub struct UnknownRole;

/// How surely the person was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aal {
    /// By one factor.
    One,
    /// By two.
    Two,
}

/// Whom a checked token speaks for. Only [`TokenTrust::person`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The token's subject.
    pub id: Uuid,
    /// What they may do.
    pub role: Role,
    /// How surely they were recognised.
    pub aal: Aal,
    /// Whose person, when the role is partner; then always present.
    pub partner_id: Option<PartnerId>,
}

impl Person {
    /// The name under which the ledger remembers who did something, such as `member:<uuid>`.
    #[must_use]
    pub fn actor(&self) -> String {
        format!("{}:{}", self.role, self.id)
    }
}

/// Where the keys come from, and who must have issued a token.
pub(super) enum TokenRules {
    /// HS256 by the project's shared secret; nothing is ever fetched.
    Shared {
        /// `<SUPABASE_URL>/auth/v1`.
        issuer: String,
        /// `SUPABASE_JWT_SECRET`.
        secret: SecretString,
    },
    /// ES256 or RS256 by the keys the project publishes.
    Published {
        /// `<SUPABASE_URL>/auth/v1`.
        issuer: String,
        /// Fetched when first needed, then kept for a while.
        keys: PublishedKeys,
    },
}

/// Whose tokens are trusted: tells people apart by them.
#[derive(Clone)]
pub struct TokenTrust {
    rules: Arc<TokenRules>,
    now: Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>,
}

/// The `iss` of the tokens of the project at this address.
pub(super) fn issuer_of(supabase_url: &Url) -> String {
    format!("{}/auth/v1", supabase_url.as_str().trim_end_matches('/'))
}

/// Why tokens cannot be checked at all.
#[derive(Debug, thiserror::Error)]
pub enum NoTrust {
    /// Give the project's address.
    #[error("the issuer's address cannot be used")]
    NotAnAddress,
    /// The machine's network set-up does not allow one.
    #[error("no client for the published keys")]
    NoClient(#[source] reqwest::Error),
}

/// Why a request is not let through.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// Send `Authorization: Bearer <token>`.
    #[error("no bearer token was sent")]
    Missing,
    /// Sign in again: the token is not one of this project's, or was changed.
    #[error("the token is not accepted: {0}")]
    NotAccepted(&'static str),
    /// Sign in again: it is too old.
    #[error("the token has expired")]
    Expired,
    /// Somebody with another role may do this.
    #[error("this needs the role {}", .needed.join(" or "))]
    RoleRequired {
        /// Roles that would do.
        needed: Vec<&'static str>,
    },
    /// Try again: the keys that tokens are checked with could not be fetched.
    #[error("the keys that tokens are checked with cannot be fetched")]
    KeysUnavailable,
}

#[derive(Deserialize)]
struct TokenClaims {
    sub: String,
    exp: i64,
    #[serde(default)]
    nbf: Option<i64>,
    #[serde(default)]
    aal: Option<String>,
    #[serde(default)]
    app_metadata: AppMetadata,
}

#[derive(Default, Deserialize)]
struct AppMetadata {
    #[serde(default)]
    anchor_role: Option<String>,
    #[serde(default)]
    partner_id: Option<String>,
}

impl TokenTrust {
    /// Trusts the tokens of the project at `supabase_url`: by the shared secret where there is one,
    /// else by the keys that the project publishes, fetched when first needed.
    ///
    /// # Errors
    /// When the published keys would have to be fetched and no client for that can be made.
    pub fn new(supabase_url: &Url, secret: Option<SecretString>) -> Result<Self, NoTrust> {
        let issuer = issuer_of(supabase_url);
        let rules = match secret {
            Some(secret) => TokenRules::Shared { issuer, secret },
            None => {
                let url = format!("{issuer}/.well-known/jwks.json");
                let url = url.parse().map_err(|_| NoTrust::NotAnAddress)?;
                let keys = PublishedKeys::new(url).map_err(NoTrust::NoClient)?;
                TokenRules::Published { issuer, keys }
            }
        };
        Ok(Self::by(rules, real_now))
    }

    /// Checks tokens by these rules. `now` is the real clock, never the ledger's: a token's age is
    /// a matter of security.
    pub(super) fn by(
        rules: TokenRules,
        now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static,
    ) -> Self {
        Self { rules: Arc::new(rules), now: Arc::new(now) }
    }

    /// The person a bearer token speaks for.
    ///
    /// # Errors
    /// [`AccessError`], never naming anything of the token's text.
    pub async fn person(&self, token: &str) -> Result<Person, AccessError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(AccessError::NotAccepted("it is too long"));
        }
        let header = decode_header(token)
            .map_err(|_| AccessError::NotAccepted("it is not a signed JSON web token"))?;
        let (key, algorithm, issuer) = match &*self.rules {
            TokenRules::Shared { issuer, secret } => {
                let key = DecodingKey::from_secret(secret.expose_secret().as_bytes());
                (key, Algorithm::HS256, issuer)
            }
            TokenRules::Published { issuer, keys } => {
                let (key, algorithm) = keys.find(header.kid.as_deref()).await?;
                (key, algorithm, issuer)
            }
        };
        if header.alg != algorithm {
            return Err(AccessError::NotAccepted(
                "it is signed in a way that is not allowed here",
            ));
        }
        let token_claims = checked(token, &key, algorithm, issuer)?;
        let now = (self.now)().timestamp();
        if token_claims.exp.saturating_add(LEEWAY_SECONDS) < now {
            return Err(AccessError::Expired);
        }
        if token_claims.nbf.is_some_and(|from| from.saturating_sub(LEEWAY_SECONDS) > now) {
            return Err(AccessError::NotAccepted("it is not valid yet"));
        }
        person(token_claims)
    }
}

fn checked(
    token: &str,
    key: &DecodingKey,
    algorithm: Algorithm,
    issuer: &str,
) -> Result<TokenClaims, AccessError> {
    let mut validation = Validation::new(algorithm);
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&[issuer]);
    validation.set_required_spec_claims(&["exp", "sub", "aud", "iss"]);
    // Compared by the caller with the clock it was given, so that tests need not wait.
    validation.validate_exp = false;
    use jsonwebtoken::errors::ErrorKind;
    decode::<TokenClaims>(token, key, &validation).map(|decoded| decoded.claims).map_err(|error| {
        AccessError::NotAccepted(match error.kind() {
            ErrorKind::InvalidSignature => "its signature does not match",
            ErrorKind::InvalidIssuer => "it was issued by somebody else",
            ErrorKind::InvalidAudience => "it is meant for somebody else",
            ErrorKind::MissingRequiredClaim(_) => "it lacks exp, sub, aud or iss",
            _ => "it cannot be read",
        })
    })
}

fn person(token_claims: TokenClaims) -> Result<Person, AccessError> {
    let refused = AccessError::NotAccepted;
    let id = Uuid::parse_str(&token_claims.sub).map_err(|_| refused("its subject is no uuid"))?;
    let role = match token_claims.app_metadata.anchor_role {
        None => Role::Member,
        Some(text) => text.parse().map_err(|_| refused("its role is unknown"))?,
    };
    let partner_id = match (role, token_claims.app_metadata.partner_id) {
        (Role::Partner, Some(text)) => {
            Some(text.parse().map_err(|_| refused("its partner is not a partner's id"))?)
        }
        (Role::Partner, None) => return Err(refused("it does not say of which partner")),
        _ => None,
    };
    let aal = if token_claims.aal.as_deref() == Some("aal2") { Aal::Two } else { Aal::One };
    Ok(Person { id, role, aal, partner_id })
}
