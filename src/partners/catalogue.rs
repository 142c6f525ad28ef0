//! Which partners are there? One data file each; a bad one is named with its line.
//!
//! Rows: P1, P10.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono_tz::Tz;
use domain::ids::PartnerId;
use domain::partner::{PartnerDetails, PartnerType, Product};
use domain::reward::FundingModel;
use serde::Deserialize;

/// Every file that ships with the program, by the partner's id.
const BUILT_IN: &[(&str, &str)] = &[
    ("woolworths", include_str!("catalogue/woolworths.toml")),
    ("coles", include_str!("catalogue/coles.toml")),
    ("lifeline", include_str!("catalogue/lifeline.toml")),
    ("gambling-help", include_str!("catalogue/gambling-help.toml")),
    (
        "financial-counsellors-australia",
        include_str!("catalogue/financial-counsellors-australia.toml"),
    ),
    ("relationships-australia", include_str!("catalogue/relationships-australia.toml")),
];

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
    contract: Option<Contract>,
}

/// One partner of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueEntry {
    id: PartnerId,
    file: File,
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

    /// Whether value can move through it.
    #[must_use]
    pub fn moves_value(&self) -> bool {
        self.file.partner_type != PartnerType::Support
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
    /// [`CatalogueError`] names the file and the line.
    pub fn built_in() -> Result<Self, CatalogueError> {
        Self::parse(BUILT_IN)
    }

    /// Reads files, given as (id, text).
    ///
    /// # Errors
    /// [`CatalogueError`] names the file and the line.
    pub fn parse(files: &[(&str, &str)]) -> Result<Self, CatalogueError> {
        let entries = files.iter().map(|(id, text)| {
            let entry = entry(id, text)?;
            Ok((entry.id.clone(), entry))
        });
        Ok(Self(Arc::new(entries.collect::<Result<_, CatalogueError>>()?)))
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

fn entry(id: &str, text: &str) -> Result<CatalogueEntry, CatalogueError> {
    let unsound = |reason: &str| CatalogueError::Unsound {
        file: format!("{id}.toml"),
        reason: reason.to_owned(),
    };
    let file: File = toml::from_str(text).map_err(|error| CatalogueError::Unreadable {
        file: format!("{id}.toml"),
        line: error.span().map_or(0, |span| text[..span.start].lines().count().max(1)),
        reason: error.message().to_owned(),
    })?;
    let id: PartnerId =
        id.parse().map_err(|_| unsound("the file's name is not a partner's id"))?;
    let moves_value = file.partner_type != PartnerType::Support;
    if moves_value && (file.products.is_empty() || file.contract.is_none()) {
        return Err(unsound("a partner that moves value needs products and a contract"));
    }
    if moves_value && file.funding_model.is_none() {
        return Err(unsound("a partner that moves value needs a funding model"));
    }
    Ok(CatalogueEntry { id, file })
}

/// Why a partner's file is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// Mend the line.
    #[error("{file}, line {line}: {reason}")]
    Unreadable {
        /// Which file.
        file: String,
        /// Where, from 1; 0 when the whole file is meant.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// Mend what it says.
    #[error("{file}: {reason}")]
    Unsound {
        /// Which file.
        file: String,
        /// What is wrong.
        reason: String,
    },
}
