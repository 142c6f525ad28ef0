//! Which partners are there? One data file each; a bad one is named with its line.
//!
//! The files of `catalogue/` are part of the program; a folder that the environment names adds
//! others, or takes the place of those that ship, file by file. So an operator adds a partner that
//! speaks a known protocol without building anything.
//!
//! Rows: P1, P10, P12.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use chrono_tz::Tz;
use domain::ids::PartnerId;
use domain::partner::{PartnerDetails, PartnerType, Product};
use domain::partner_account::number::NumberFormat;
use domain::reward::{FundingModel, ValueKind};
use include_dir::{Dir, include_dir};
use serde::Deserialize;

use super::oauth::OAuthOffer;
use super::protocols;
use super::signature::WebhookScheme;
use super::signature::scheme::Webhooks;
use super::statement_terms::StatementTerms;

/// Every file that ships with the program.
static BUILT_IN: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/src/partners/catalogue");
/// The most files that a folder may add.
const MOST_FILES: usize = 500;

/// What a partner promises for its calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// For how long a repeated key is answered as the first time.
    pub idempotency_window_hours: u32,
    /// Whether it can be asked by our reference.
    pub can_look_up_by_reference: bool,
    /// After so long without an outcome people are asked.
    pub give_up_after_hours: u32,
    /// How many calls it takes in a minute.
    #[serde(default = "calls_per_minute")]
    pub calls_per_minute: u32,
    /// How many calls of ours may be with it at once.
    #[serde(default = "calls_at_once")]
    pub calls_at_once: u32,
    /// After so many failed calls in a row it is left alone for a while.
    #[serde(default = "breaker_opens_after")]
    pub breaker_opens_after: u32,
}

fn breaker_opens_after() -> u32 {
    5
}

fn calls_per_minute() -> u32 {
    600
}

fn calls_at_once() -> u32 {
    16
}

impl Contract {
    fn takes_no_calls(&self) -> bool {
        [self.calls_per_minute, self.calls_at_once, self.breaker_opens_after].contains(&0)
    }
}

/// One partner as its file says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    #[serde(rename = "type")]
    partner_type: PartnerType,
    protocol: String,
    capabilities: Vec<String>,
    #[serde(default)]
    products: Vec<Product>,
    funding_model: Option<FundingModel>,
    time_zone: Tz,
    web: Option<String>,
    phone: Option<String>,
    hours: Option<String>,
    account_number: Option<NumberFormat>,
    oauth: Option<OAuthOffer>,
    contract: Option<Contract>,
    #[serde(default)]
    webhooks: Webhooks,
    #[serde(default)]
    statement: StatementTerms,
}

/// One partner of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueEntry {
    id: PartnerId,
    file: File,
    webhook_scheme: WebhookScheme,
}

impl CatalogueEntry {
    /// Its id in addresses, events and variables.
    #[must_use]
    pub fn id(&self) -> &PartnerId {
        &self.id
    }

    /// What people and the ledger may know of it.
    #[must_use]
    pub fn details(&self) -> PartnerDetails {
        PartnerDetails {
            name: self.file.name.clone(),
            partner_type: self.file.partner_type,
            protocol: self.file.protocol.clone(),
            capabilities: self.file.capabilities.clone(),
            products: self.file.products.clone(),
            funding_model: self.file.funding_model,
            time_zone: self.file.time_zone,
            web: self.file.web.clone(),
            phone: self.file.phone.clone(),
        }
    }

    /// What is agreed about its daily statement.
    #[must_use]
    pub fn statement(&self) -> &StatementTerms {
        &self.file.statement
    }

    /// When people can be reached there, where that is known.
    #[must_use]
    pub fn hours(&self) -> Option<&str> {
        self.file.hours.as_deref()
    }

    /// What it promises for its calls; none where no value moves.
    #[must_use]
    pub fn contract(&self) -> Option<Contract> {
        self.file.contract
    }

    /// What its account numbers look like; none where no account can be linked.
    #[must_use]
    pub fn account_number(&self) -> Option<&NumberFormat> {
        self.file.account_number.as_ref()
    }

    /// How a member's account is linked by OAuth2; none where it is not.
    #[must_use]
    pub fn oauth(&self) -> Option<&OAuthOffer> {
        self.file.oauth.as_ref()
    }

    /// How its webhooks are signed.
    #[must_use]
    pub fn webhook_scheme(&self) -> &WebhookScheme {
        &self.webhook_scheme
    }

    /// Of which kind it is.
    #[must_use]
    pub fn partner_type(&self) -> PartnerType {
        self.file.partner_type
    }

    /// Whether it can do this.
    #[must_use]
    pub fn can(&self, capability: &str) -> bool {
        self.file.capabilities.iter().any(|known| known == capability)
    }

    /// What can be ordered of it.
    #[must_use]
    pub fn products(&self) -> &[Product] {
        &self.file.products
    }

    /// Whether value can move through it.
    #[must_use]
    pub fn moves_value(&self) -> bool {
        self.file.partner_type != PartnerType::Support
    }

    /// Whether it is ever called, and so needs settings.
    #[must_use]
    pub fn is_called(&self) -> bool {
        self.moves_value() || self.can("referrals")
    }

    /// Its variables' common beginning, such as `ENERGY_AUSTRALIA`.
    #[must_use]
    pub fn prefix(&self) -> String {
        self.id.as_str().to_uppercase().replace('-', "_")
    }
}

/// All partners.
#[derive(Debug, Clone)]
pub struct Catalogue(Arc<BTreeMap<PartnerId, CatalogueEntry>>);

impl Catalogue {
    /// Those that ship with the program.
    ///
    /// # Errors
    /// [`CatalogueError`] names each file, the line and the reason.
    pub fn built_in() -> Result<Self, Vec<CatalogueError>> {
        Self::with_folder(None)
    }

    /// Those that ship with the program, and those of a folder.
    ///
    /// # Errors
    /// [`CatalogueError`] names each file, the line and the reason.
    pub fn with_folder(folder: Option<&Path>) -> Result<Self, Vec<CatalogueError>> {
        let shipped = BUILT_IN.files().filter_map(|file| {
            Some((file.path().to_str()?.to_owned(), file.contents_utf8()?.to_owned()))
        });
        let mut files: BTreeMap<String, String> = shipped.collect();
        if let Some(folder) = folder {
            files.extend(read_folder(folder).map_err(|error| vec![error])?);
        }
        let files: Vec<(&str, &str)> =
            files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        Self::parse(&files)
    }

    /// Reads files, given as (name, text).
    ///
    /// # Errors
    /// [`CatalogueError`] names each file, the line and the reason.
    pub fn parse(files: &[(&str, &str)]) -> Result<Self, Vec<CatalogueError>> {
        let (mut entries, mut errors) = (BTreeMap::new(), Vec::new());
        for (name, text) in files {
            match entry(name, text) {
                Ok(entry) => drop(entries.insert(entry.id.clone(), entry)),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(Self(Arc::new(entries))) } else { Err(errors) }
    }

    /// All of them, by id.
    pub fn iter(&self) -> impl Iterator<Item = &CatalogueEntry> {
        self.0.values()
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, id: &PartnerId) -> Option<&CatalogueEntry> {
        self.0.get(id)
    }
}

/// The `.toml` files of a folder, by name.
fn read_folder(folder: &Path) -> Result<BTreeMap<String, String>, CatalogueError> {
    let failed = |path: &Path, error: &std::io::Error| CatalogueError {
        file: path.display().to_string(),
        line: 0,
        reason: format!("cannot be read: {}", error.kind()),
    };
    let mut files = BTreeMap::new();
    for found in fs::read_dir(folder).map_err(|error| failed(folder, &error))? {
        let path = found.map_err(|error| failed(folder, &error))?.path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let text = fs::read_to_string(&path).map_err(|error| failed(&path, &error))?;
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        files.insert(name.to_owned(), text);
        if files.len() > MOST_FILES {
            let reason = format!("holds more than {MOST_FILES} files");
            return Err(CatalogueError { file: folder.display().to_string(), line: 0, reason });
        }
    }
    Ok(files)
}

fn entry(name: &str, text: &str) -> Result<CatalogueEntry, CatalogueError> {
    let failed =
        |line: usize, reason: String| CatalogueError { file: name.to_owned(), line, reason };
    let file: File = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(0, |span| text[..span.start].matches('\n').count() + 1);
        failed(line, error.message().to_owned())
    })?;
    let id = name.strip_suffix(".toml").unwrap_or(name);
    let id: PartnerId =
        id.parse().map_err(|_| failed(1, "the file's name is not a partner's id".to_owned()))?;
    let misfit = |Fault { at, reason }: Fault| {
        let line = text.lines().position(|line| line.contains(&at)).map_or(1, |line| line + 1);
        failed(line, reason)
    };
    file.check().map_err(misfit)?;
    let webhook_scheme = file
        .webhooks
        .scheme()
        .map_err(|(at, reason)| misfit(Fault { at: at.to_owned(), reason: reason.to_owned() }))?;
    Ok(CatalogueEntry { id, file, webhook_scheme })
}

/// Something that does not fit, and a piece of the line where it stands.
struct Fault {
    at: String,
    reason: String,
}

fn fault(at: &str, reason: impl Into<String>) -> Result<(), Fault> {
    Err(Fault { at: at.to_owned(), reason: reason.into() })
}

impl File {
    fn check(&self) -> Result<(), Fault> {
        let Some(known) = protocols::capabilities_of(&self.protocol) else {
            return fault("protocol", format!("nobody here speaks {:?}", self.protocol));
        };
        if let Some(odd) = self.capabilities.iter().find(|one| !known.contains(&one.as_str())) {
            let known = known.join(", ");
            return fault("capabilities", format!("{odd:?} is none of this protocol's: {known}"));
        }
        if let Some(reason) = self.account_number.as_ref().and_then(NumberFormat::fault) {
            return fault("[account_number]", reason);
        }
        if let Some(offer) = &self.oauth {
            if self.account_number.is_none() {
                return fault("[oauth]", "what is linked is an account: give [account_number]");
            }
            if let Some(reason) = offer.fault() {
                return fault("[oauth]", reason);
            }
        }
        if self.partner_type == PartnerType::Support {
            return Ok(());
        }
        if self.funding_model.is_none() {
            return fault("type", "a partner that moves value needs a funding_model");
        }
        match self.contract {
            None => return fault("type", "a partner that moves value needs a [contract]"),
            Some(contract) if contract.takes_no_calls() => {
                return fault("[contract]", "a partner that takes no calls cannot be asked");
            }
            Some(_) => {}
        }
        self.check_products()
    }

    fn check_products(&self) -> Result<(), Fault> {
        let mut seen = BTreeSet::new();
        if self.products.is_empty() {
            return fault("type", "a partner that moves value needs [[products]]");
        }
        for Product { id, kind, capability, .. } in &self.products {
            let at = format!("{id:?}");
            if !seen.insert(id) {
                return fault(&at, format!("product {id} is there twice"));
            }
            let Some(capability) = capability.as_ref() else {
                return fault(&at, format!("product {id} names no capability"));
            };
            if !self.capabilities.contains(capability) {
                return fault(&at, format!("product {id}: {capability} is not among its own"));
            }
            let gives = if capability.ends_with("_credits") {
                ValueKind::Credit
            } else {
                ValueKind::Voucher
            };
            if *kind != gives {
                return fault(&at, format!("product {id}: {capability} gives another kind"));
            }
            if gives == ValueKind::Credit && self.account_number.is_none() {
                return fault(&at, format!("product {id} is a credit: give [account_number]"));
            }
        }
        Ok(())
    }
}

/// Why a partner's file is not used: mend what stands in this line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}, line {line}: {reason}")]
pub struct CatalogueError {
    /// Which file.
    pub file: String,
    /// Where, from 1; 0 when the whole file is meant.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}
