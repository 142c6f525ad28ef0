//! Where does a partner ask its customers whether they agree? As its file says.
//!
//! The paths are those of the published protocols unless the file has others, so that a partner
//! with an authorization server of its own is data too.
//!
//! Rows: P8, P10.

use serde::Deserialize;
use url::Url;

use crate::partners::settings::is_safe;

/// How a member's account is linked by OAuth2.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OAuthOffer {
    /// What is asked for, in the partner's words.
    pub scopes: Vec<String>,
    /// Where its authorization server is; at its API when absent.
    pub base: Option<String>,
    /// Where the member agrees.
    #[serde(default = "authorize")]
    pub authorize: String,
    /// Where codes and refresh tokens become tokens.
    #[serde(default = "token")]
    pub token: String,
    /// Where tokens are given back.
    #[serde(default = "revoke")]
    pub revoke: String,
    /// Where the member's account is told.
    #[serde(default = "account")]
    pub account: String,
    /// Which field of that is its number.
    #[serde(default = "account_field")]
    pub account_field: String,
    /// How it calls itself when it sends a member back; its address when absent.
    pub issuer: Option<String>,
    /// Whether it always does: one who then says nothing is not believed.
    #[serde(default)]
    pub names_issuer: bool,
}

fn authorize() -> String {
    "/oauth/authorize".to_owned()
}

fn token() -> String {
    "/oauth/token".to_owned()
}

fn revoke() -> String {
    "/oauth/revoke".to_owned()
}

fn account() -> String {
    "/oauth/account".to_owned()
}

fn account_field() -> String {
    "account_number".to_owned()
}

impl OAuthOffer {
    /// What is wrong with it, if anything.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        if self.scopes.is_empty() || self.scopes.iter().any(|scope| scope.trim().is_empty()) {
            return Some("scopes names at least one".to_owned());
        }
        if let Some(base) = &self.base
            && !Url::parse(base).is_ok_and(|url| is_safe(&url))
        {
            return Some("base is an https address (http on this machine only)".to_owned());
        }
        let paths = [&self.authorize, &self.token, &self.revoke, &self.account];
        let odd = paths.into_iter().find(|path| !path.starts_with('/'));
        odd.map(|path| format!("{path:?} is no path: it begins with a slash"))
    }

    /// The scopes as one word for whoever keeps tokens by them.
    #[must_use]
    pub fn scope(&self) -> String {
        self.scopes.join(" ")
    }

    /// Where the authorization server is, without a slash at the end.
    #[must_use]
    pub fn base(&self, api_url: &Url) -> String {
        self.base.as_deref().unwrap_or(api_url.as_str()).trim_end_matches('/').to_owned()
    }

    /// How the partner has to call itself.
    #[must_use]
    pub fn issuer(&self, api_url: &Url) -> String {
        self.issuer.clone().unwrap_or_else(|| self.base(api_url))
    }
}
