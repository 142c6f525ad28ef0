//! Which partners are configured? Five variables each, all of the required ones or none.
//!
//! Rows: P12.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::ids::PartnerId;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use url::{Host, Url};

use super::catalogue::{Catalogue, CatalogueEntry};

/// Shorter webhook secrets are refused, in bytes.
const SHORTEST_SECRET: usize = 24;
/// How the variables end that a partner cannot be called without.
const REQUIRED: [&str; 4] = ["_API_URL", "_CLIENT_ID", "_CLIENT_SECRET", "_WEBHOOK_SECRET"];

/// A key that webhooks are signed with.
#[derive(Clone)]
pub struct WebhookSecret(SecretSlice<u8>);

impl WebhookSecret {
    /// `whsec_` and base64, or raw characters.
    ///
    /// # Errors
    /// What to give instead.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        match text.strip_prefix("whsec_") {
            Some(encoded) => {
                let bytes = STANDARD.decode(encoded);
                Self::of(bytes.map_err(|_| "whsec_ is followed by base64")?)
            }
            None => Self::raw(text),
        }
    }

    /// The very characters, whatever they begin with.
    ///
    /// # Errors
    /// What to give instead.
    pub fn raw(text: &str) -> Result<Self, &'static str> {
        Self::of(text.as_bytes().to_vec())
    }

    fn of(bytes: Vec<u8>) -> Result<Self, &'static str> {
        if bytes.len() < SHORTEST_SECRET {
            return Err("a webhook secret has at least 24 bytes");
        }
        Ok(Self(SecretSlice::from(bytes)))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.0.expose_secret()
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(..)")
    }
}

/// How one partner is reached.
#[derive(Debug, Clone)]
pub struct PartnerSettings {
    /// Where its API is.
    pub api_url: Url,
    /// As whom we come.
    pub client_id: String,
    /// And how it knows that it is us.
    pub client_secret: SecretString,
    /// What its webhooks are signed with; several while it is changed.
    pub webhook_secrets: Vec<WebhookSecret>,
    /// Where members come back to after agreeing.
    pub redirect_uri: Url,
}

impl PartnerSettings {
    /// Whether its API is on this machine: a sandbox, through which no real value can flow.
    #[must_use]
    pub fn is_on_loopback(&self) -> bool {
        is_loopback(&self.api_url)
    }
}

/// What is wrong with one variable. Names no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingProblem {
    /// Which variable.
    pub variable: String,
    /// What to give.
    pub what: String,
}

impl fmt::Display for SettingProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.variable, self.what)
    }
}

/// The settings of every partner that has them, and everything that is wrong with the others.
pub fn read(
    catalogue: &Catalogue,
    public_url: &Url,
    variable: &dyn Fn(&str) -> Option<String>,
) -> (BTreeMap<PartnerId, PartnerSettings>, Vec<SettingProblem>) {
    let mut settings = BTreeMap::new();
    let mut problems = Vec::new();
    for entry in catalogue.iter().filter(|entry| entry.is_called()) {
        let mut reader = Reader { entry, variable, problems: &mut problems };
        if let Some(found) = reader.read(public_url) {
            settings.insert(entry.id().clone(), found);
        }
    }
    (settings, problems)
}

/// One partner's settings, however the others are.
///
/// # Errors
/// Every [`SettingProblem`] of its own; all of its variables, when none is set.
pub fn of(
    entry: &CatalogueEntry,
    public_url: &Url,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<PartnerSettings, Vec<SettingProblem>> {
    let mut problems = Vec::new();
    let found = Reader { entry, variable, problems: &mut problems }.read(public_url);
    found.ok_or_else(|| {
        if problems.is_empty() {
            let missing = |end: &str| SettingProblem {
                variable: format!("{}{end}", entry.prefix()),
                what: "is missing".to_owned(),
            };
            problems = REQUIRED.iter().map(|end| missing(end)).collect();
        }
        problems
    })
}

struct Reader<'a> {
    entry: &'a CatalogueEntry,
    variable: &'a dyn Fn(&str) -> Option<String>,
    problems: &'a mut Vec<SettingProblem>,
}

impl Reader<'_> {
    fn read(&mut self, public_url: &Url) -> Option<PartnerSettings> {
        let present: Vec<Option<String>> = REQUIRED.iter().map(|end| self.value(end)).collect();
        if present.iter().all(Option::is_none) {
            return None;
        }
        for (end, value) in REQUIRED.iter().zip(&present) {
            if value.is_none() {
                self.problem(end, "is missing, while others of this partner are set");
            }
        }
        let [api_url, client_id, client_secret, webhook_secret] =
            <[Option<String>; 4]>::try_from(present).ok()?;
        let api_url = api_url.and_then(|text| self.api_url(&text));
        let webhook_secrets = webhook_secret.and_then(|text| self.secrets(&text));
        let redirect_uri = self.redirect_uri(public_url);
        Some(PartnerSettings {
            api_url: api_url?,
            client_id: client_id?,
            client_secret: SecretString::from(client_secret?),
            webhook_secrets: webhook_secrets?,
            redirect_uri: redirect_uri?,
        })
    }

    fn value(&self, ending: &str) -> Option<String> {
        let value = (self.variable)(&format!("{}{ending}", self.entry.prefix()))?;
        Some(value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn problem(&mut self, ending: &str, what: &str) {
        let variable = format!("{}{ending}", self.entry.prefix());
        self.problems.push(SettingProblem { variable, what: what.to_owned() });
    }

    fn api_url(&mut self, text: &str) -> Option<Url> {
        api_url(text).map_err(|what| self.problem("_API_URL", what)).ok()
    }

    fn secrets(&mut self, text: &str) -> Option<Vec<WebhookSecret>> {
        let is_encoded = self.entry.webhook_scheme().has_encoded_secrets();
        let parse = if is_encoded { WebhookSecret::parse } else { WebhookSecret::raw };
        let secrets: Result<Vec<_>, _> = text.split_whitespace().map(parse).collect();
        secrets
            .map_err(|what| self.problem("_WEBHOOK_SECRET", &format!("is not usable: {what}")))
            .ok()
    }

    fn redirect_uri(&mut self, public_url: &Url) -> Option<Url> {
        let callback = format!("/api/oauth/{}/callback", self.entry.id());
        let url = match self.value("_REDIRECT_URI") {
            Some(text) => Url::parse(&text).ok(),
            None => public_url.join(&callback).ok(),
        };
        if url.is_none() {
            self.problem("_REDIRECT_URI", "is not an address");
        }
        url
    }
}

/// Where an API may be: at an https address, or on this machine; without a secret in it.
///
/// # Errors
/// What to give instead.
pub fn api_url(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).ok().filter(is_safe);
    url.ok_or("is an https address (http on this machine only) without a password in it")
}

/// Whether it may be called: nobody on the way can read it, and it holds no secret.
pub(super) fn is_safe(url: &Url) -> bool {
    let is_sealed = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url));
    is_sealed && url.username().is_empty() && url.password().is_none()
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
