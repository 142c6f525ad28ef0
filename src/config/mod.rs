//! What does the environment ask for? Read once, checked whole, every problem named at once.
//!
//! *Guarantees*: a [`Config`] is complete and sound, or there is none; a problem names the variable
//! and what to give, never the value that was found. Loops that could run away have their bound
//! here.
//!
//! Rows: P12.

mod variables;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::Path;

use domain::ids::PartnerId;
use domain::money::Amount;
use secrecy::SecretString;
use url::Url;

use crate::conformance::SealKey;
use crate::http::caller::TrustedProxies;
use crate::messages::MessageSettings;
use crate::partners::Catalogue;
use crate::partners::settings::{self, PartnerSettings};
use crate::vault::Keyring;

pub use variables::VARIABLES;

/// How many rewards one worker takes up at a time.
pub const REWARDS_A_CLAIM: i64 = 64;
/// How many of them are at partners at once.
pub const CALLS_AT_ONCE: usize = 32;
/// How long a claimed reward is one worker's own, in seconds; every send ends well inside it.
pub const LEASE_SECONDS: i64 = 40;
/// After so long no byte of a send leaves any more, in seconds.
pub const SEND_DEADLINE_SECONDS: u64 = 20;
/// After so long an attempt without a recorded outcome is looked into, in seconds: well after the
/// last byte can have left, and within the minute in which a reward whose worker died goes on.
pub const RESOLVE_AFTER_SECONDS: i64 = 45;
/// How often a call that was never sent is put off before the next partner is asked.
pub const MAX_DEFERRALS: u32 = 8;
/// For how long at most, in hours.
pub const MAX_DEFERRED_HOURS: i64 = 24;
/// After so long without an outcome people are asked, where the partner's file says nothing else.
pub const GIVE_UP_HOURS: i64 = 72;
/// How many journeys one worker takes up at a time.
pub const JOURNEYS_A_CLAIM: i64 = 200;

/// Everything that the environment decides.
#[derive(Debug)]
pub struct Config {
    /// The ledger's database.
    pub database_url: SecretString,
    /// A replica for queries, or the same.
    pub read_database_url: SecretString,
    /// Where to listen.
    pub listen: SocketAddr,
    /// How others reach this server.
    pub public_url: Url,
    /// Keys that wrap every other key.
    pub keyring: Keyring,
    /// Who issues tokens, as `iss` begins.
    pub supabase_url: Url,
    /// The shared secret of the tokens, where there is one.
    pub jwt_secret: Option<SecretString>,
    /// Whose word counts about where a request comes from.
    pub trusted_proxies: TrustedProxies,
    /// How many webhooks are taken in a second; all, when nobody said.
    pub webhooks_per_second: Option<NonZeroU32>,
    /// From this amount on a claim needs a second factor (F4).
    pub step_up_from: Amount,
    /// From this amount on two people are needed to force a break.
    pub two_person_from: Amount,
    /// Whether partners' daily statements are fetched.
    pub pulls_statements: bool,
    /// How members reach a person.
    pub support_contact: Option<String>,
    /// Mail server, sender, and who is support.
    pub messages: MessageSettings,
    /// All partners that are known.
    pub catalogue: Catalogue,
    /// Those that have their settings.
    pub partners: BTreeMap<PartnerId, PartnerSettings>,
}

impl Config {
    /// Reads and checks the environment through `variable`.
    ///
    /// # Errors
    /// [`Problems`] names every variable that is missing or unsound.
    pub fn read(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, Problems> {
        let mut reader = Reader { variable, problems: Vec::new() };
        let database_url = reader.secret("DATABASE_URL");
        let read_database_url = reader.optional("READ_DATABASE_URL").map(SecretString::from);
        let listen = reader.listen();
        let public_url = reader.public_url(listen);
        let keyring = reader.keyring();
        let supabase_url = reader.url("SUPABASE_URL");
        let jwt_secret = reader.jwt_secret();
        let amounts = reader.amounts();
        let pulls_statements = reader.pulls_statements();
        let trusted_proxies = reader.trusted_proxies();
        let webhooks_per_second =
            reader.or_default("ANCHOR_WEBHOOKS_PER_SECOND", "0", "a whole number, 0 for no limit");
        let support_contact = reader.optional("ANCHOR_SUPPORT_CONTACT");
        let messages = public_url.as_ref().map(|url| reader.messages(url));
        let catalogue = reader.catalogue();
        let mut partners = BTreeMap::new();
        if let (Some(catalogue), Some(public_url)) = (&catalogue, &public_url) {
            let (found, problems) = settings::read(catalogue, public_url, variable);
            partners = found;
            reader.problems.extend(problems.iter().map(ToString::to_string));
        }
        let (
            Some(database_url),
            Some(listen),
            Some(public_url),
            Some(keyring),
            Some(supabase_url),
            Some((step_up_from, two_person_from)),
            Some(messages),
            Some(trusted_proxies),
            Some(webhooks_per_second),
            Some(catalogue),
            true,
        ) = (
            database_url,
            listen,
            public_url,
            keyring,
            supabase_url,
            amounts,
            messages,
            trusted_proxies,
            webhooks_per_second,
            catalogue,
            reader.problems.is_empty(),
        )
        else {
            return Err(Problems(reader.problems));
        };
        Ok(Self {
            read_database_url: read_database_url.unwrap_or_else(|| database_url.clone()),
            database_url,
            listen,
            public_url,
            keyring,
            supabase_url,
            jwt_secret,
            trusted_proxies,
            webhooks_per_second: NonZeroU32::new(webhooks_per_second),
            step_up_from,
            two_person_from,
            pulls_statements,
            support_contact,
            messages,
            catalogue,
            partners,
        })
    }
}

/// The URL with which migrations run and read models are rebuilt: `DATABASE_OWNER_URL`, else
/// `DATABASE_URL`.
///
/// # Errors
/// [`Problems`] when neither is set.
pub fn owner_url(variable: &dyn Fn(&str) -> Option<String>) -> Result<SecretString, Problems> {
    let mut reader = Reader { variable, problems: Vec::new() };
    reader
        .optional("DATABASE_OWNER_URL")
        .map(SecretString::from)
        .or_else(|| reader.secret("DATABASE_URL"))
        .ok_or(Problems(reader.problems))
}

/// The partners that ship with the program and those of `ANCHOR_PARTNERS_DIR`.
///
/// # Errors
/// [`Problems`] names every bad file, its line and the reason.
pub fn catalogue(variable: &dyn Fn(&str) -> Option<String>) -> Result<Catalogue, Problems> {
    let folder = variable("ANCHOR_PARTNERS_DIR").filter(|folder| !folder.trim().is_empty());
    let folder = folder.as_deref().map(|folder| Path::new(folder.trim()));
    Catalogue::with_folder(folder)
        .map_err(|errors| Problems(errors.iter().map(ToString::to_string).collect()))
}

/// The keys that wrap every other key: `ENCRYPTION_KEY` and `ENCRYPTION_KEY_PREVIOUS`.
///
/// # Errors
/// [`Problems`] when there is none, or one is not a key.
pub fn keyring(variable: &dyn Fn(&str) -> Option<String>) -> Result<Keyring, Problems> {
    let mut reader = Reader { variable, problems: Vec::new() };
    reader.keyring().ok_or(Problems(reader.problems))
}

/// The same, or none where neither is set.
///
/// # Errors
/// [`Problems`] when one is no key, or earlier ones are given without the present one.
pub fn keyring_if_any(
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<Keyring>, Problems> {
    let reader = Reader { variable, problems: Vec::new() };
    let names = ["ENCRYPTION_KEY", "ENCRYPTION_KEY_PREVIOUS"];
    if names.iter().all(|name| reader.optional(name).is_none()) {
        return Ok(None);
    }
    keyring(variable).map(Some)
}

/// The ledger's database alone: `DATABASE_URL`.
///
/// # Errors
/// [`Problems`] when it is not set.
pub fn database_url(variable: &dyn Fn(&str) -> Option<String>) -> Result<SecretString, Problems> {
    let mut reader = Reader { variable, problems: Vec::new() };
    reader.secret("DATABASE_URL").ok_or(Problems(reader.problems))
}

/// How others reach this server: `ANCHOR_PUBLIC_URL`, or the address it listens on.
///
/// # Errors
/// [`Problems`] when one of them is not what it should be.
pub fn public_url(variable: &dyn Fn(&str) -> Option<String>) -> Result<Url, Problems> {
    let mut reader = Reader { variable, problems: Vec::new() };
    let listen = reader.listen();
    reader.public_url(listen).ok_or(Problems(reader.problems))
}

/// The key that signs what others will rely on: `ANCHOR_SEAL_KEY`.
///
/// # Errors
/// [`Problems`] when it is missing or not a key.
pub fn seal_key(variable: &dyn Fn(&str) -> Option<String>) -> Result<SealKey, Problems> {
    let mut reader = Reader { variable, problems: Vec::new() };
    let text = reader.secret("ANCHOR_SEAL_KEY").ok_or(Problems(reader.problems))?;
    SealKey::parse(&text).map_err(|what| Problems(vec![format!("ANCHOR_SEAL_KEY {what}")]))
}

struct Reader<'a> {
    variable: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<String>,
}

impl Reader<'_> {
    fn optional(&self, name: &str) -> Option<String> {
        (self.variable)(name)
            .map(|value| value.trim().to_owned())
            .filter(|value| !value.is_empty())
    }

    fn required(&mut self, name: &str) -> Option<String> {
        let found = self.optional(name);
        if found.is_none() {
            let what = VARIABLES.iter().find(|(known, _)| *known == name).map_or("", |(_, w)| w);
            self.problems.push(format!("{name} is missing: {what}"));
        }
        found
    }

    fn secret(&mut self, name: &str) -> Option<SecretString> {
        self.required(name).map(SecretString::from)
    }

    fn url(&mut self, name: &str) -> Option<Url> {
        let text = self.required(name)?;
        self.parsed(name, Url::parse(&text).ok(), "a URL")
    }

    fn or_default<T: std::str::FromStr>(
        &mut self,
        name: &str,
        default: &str,
        expected: &str,
    ) -> Option<T> {
        let text = self.optional(name).unwrap_or_else(|| default.to_owned());
        self.parsed(name, text.parse().ok(), expected)
    }

    fn parsed<T>(&mut self, name: &str, value: Option<T>, expected: &str) -> Option<T> {
        if value.is_none() {
            self.problems.push(format!("{name} is not {expected}"));
        }
        value
    }

    fn listen(&mut self) -> Option<SocketAddr> {
        self.or_default("ANCHOR_LISTEN", "127.0.0.1:8080", "an address and a port")
    }

    fn public_url(&mut self, listen: Option<SocketAddr>) -> Option<Url> {
        match self.optional("ANCHOR_PUBLIC_URL") {
            Some(text) => self.parsed("ANCHOR_PUBLIC_URL", Url::parse(&text).ok(), "a URL"),
            None => listen.and_then(|listen| Url::parse(&format!("http://{listen}")).ok()),
        }
    }

    fn keyring(&mut self) -> Option<Keyring> {
        let current = self.secret("ENCRYPTION_KEY")?;
        let previous: Vec<SecretString> = self
            .optional("ENCRYPTION_KEY_PREVIOUS")
            .map(|keys| keys.split_whitespace().map(SecretString::from).collect())
            .unwrap_or_default();
        match Keyring::parse(&current, &previous) {
            Ok(keyring) => Some(keyring),
            Err(problem) => {
                self.problems
                    .push(format!("ENCRYPTION_KEY or ENCRYPTION_KEY_PREVIOUS: {problem}"));
                None
            }
        }
    }

    /// From which amount on a second factor is needed, and a second person.
    fn amounts(&mut self) -> Option<(Amount, Amount)> {
        let expected = "an amount such as 200.00";
        let step_up_from = self.or_default("ANCHOR_STEP_UP_FROM", "200.00", expected);
        step_up_from.zip(self.or_default("ANCHOR_TWO_PERSON_FROM", "500.00", expected))
    }

    fn pulls_statements(&mut self) -> bool {
        let pulls = self.or_default("ANCHOR_PULL_STATEMENTS", "true", "true or false");
        pulls.unwrap_or(true)
    }

    fn trusted_proxies(&mut self) -> Option<TrustedProxies> {
        let expected = "addresses or ranges such as 10.0.0.0/8, separated by spaces";
        self.or_default("ANCHOR_TRUSTED_PROXIES", "", expected)
    }

    fn messages(&mut self, public_url: &Url) -> MessageSettings {
        let (messages, problems) = MessageSettings::read(public_url, self.variable);
        self.problems.extend(problems);
        messages
    }

    fn jwt_secret(&mut self) -> Option<SecretString> {
        let secret = self.optional("SUPABASE_JWT_SECRET")?;
        if secret.len() < 32 {
            self.problems.push("SUPABASE_JWT_SECRET is shorter than 32 characters".to_owned());
        }
        Some(SecretString::from(secret))
    }

    fn catalogue(&mut self) -> Option<Catalogue> {
        match catalogue(self.variable) {
            Ok(catalogue) => Some(catalogue),
            Err(Problems(problems)) => {
                self.problems.extend(problems);
                None
            }
        }
    }
}

/// What is wrong with the environment: names and what to give, no values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<String>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the environment is not complete:")?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for Problems {}
