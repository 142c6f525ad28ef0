//! Which credentials were given on the command line? They rest in the vault, and count where the
//! environment has none of this partner's.
//!
//! Given and kept as the variables they would be in the environment, so that they are checked by
//! the same rules when they are given and when they are read.
//!
//! Rows: P9, P12.

use std::collections::BTreeMap;

use domain::ids::PartnerId;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::catalogue::{Catalogue, CatalogueEntry};
use super::settings::{self, PartnerSettings, SettingProblem};
use crate::vault::{Vault, VaultError};

const SECRET_NAME: &str = "credentials";

/// Credentials that were read and are sound.
pub struct Given {
    /// What they come to.
    pub settings: PartnerSettings,
    text: SecretString,
}

/// Reads credentials as lines of `NAME=value`; the partner's beginning of a name may be left out,
/// and what begins with `#` is passed over.
///
/// # Errors
/// Everything that is wrong with them, by name and without values.
pub fn read(
    entry: &CatalogueEntry,
    public_url: &Url,
    text: &SecretString,
) -> Result<Given, Vec<SettingProblem>> {
    let variables = variables(entry, text);
    let variable = |name: &str| variables.get(name).cloned();
    let settings = settings::of(entry, public_url, &variable)?;
    Ok(Given { settings, text: text.clone() })
}

/// Keeps them, in the place of those before.
///
/// # Errors
/// When the vault cannot be reached.
pub async fn keep(vault: &Vault, partner: &PartnerId, given: &Given) -> Result<(), VaultError> {
    vault.put_partner_secret(partner, SECRET_NAME, &given.text).await
}

/// Takes them back; answers whether there were any.
///
/// # Errors
/// When the vault cannot be reached.
pub async fn forget(vault: &Vault, partner: &PartnerId) -> Result<bool, VaultError> {
    vault.forget_partner_secret(partner, SECRET_NAME).await
}

/// Whether any are kept, which can be seen without a key.
///
/// # Errors
/// When the vault cannot be reached.
pub async fn are_there(keys: &sqlx::PgPool) -> Result<bool, sqlx::Error> {
    crate::vault::holds_partner_secret(keys, SECRET_NAME).await
}

/// The settings of every partner whose credentials are kept.
///
/// # Errors
/// When the vault cannot be reached, or what it holds is not sound any more.
pub async fn all(
    vault: &Vault,
    catalogue: &Catalogue,
    public_url: &Url,
) -> Result<BTreeMap<PartnerId, PartnerSettings>, KeptUnsound> {
    let mut settings = BTreeMap::new();
    for (partner, text) in vault.partner_secrets_named(SECRET_NAME).await? {
        // A partner whose file is gone is nobody to call.
        let Some(entry) = catalogue.get(&partner) else { continue };
        let given = read(entry, public_url, &text).map_err(|problems| {
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            KeptUnsound::Settings { partner: partner.clone(), problems: lines.join("; ") }
        })?;
        settings.insert(partner, given.settings);
    }
    Ok(settings)
}

/// Why kept credentials are not used.
#[derive(Debug, thiserror::Error)]
pub enum KeptUnsound {
    /// Give them anew with `anchor partner credentials`.
    #[error("the credentials kept for {partner} are not sound: {problems}")]
    Settings {
        /// Whose.
        partner: PartnerId,
        /// What is wrong, without values.
        problems: String,
    },
    /// The vault could not be read.
    #[error("the kept credentials could not be read")]
    Vault(#[from] VaultError),
}

fn variables(entry: &CatalogueEntry, text: &SecretString) -> BTreeMap<String, String> {
    let prefix = format!("{}_", entry.prefix());
    let lines = text.expose_secret().lines().map(str::trim);
    let pairs = lines.filter(|line| !line.starts_with('#')).filter_map(|line| {
        let (name, value) = line.split_once('=')?;
        let name = name.trim();
        let name = name.strip_prefix(&prefix).unwrap_or(name);
        let value = value.trim().trim_matches('"');
        Some((format!("{prefix}{name}"), value.to_owned()))
    });
    pairs.collect()
}
