//! Which credentials were given on the command line? They rest in the vault, and count where the
//! environment has none of this partner's.
//!
//! Given and kept as the variables they would be in the environment, so that they are checked by
//! the same rules when they are given and when they are read. Those of one partner that are not
//! sound keep nobody from the others'.
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

/// Where credentials are kept, and what reading them needs.
#[derive(Clone)]
pub struct Kept {
    /// Where they rest.
    pub vault: Vault,
    /// Whose they can be.
    pub catalogue: Catalogue,
    /// What addresses are completed with.
    pub public_url: Url,
}

/// The credentials of all partners, as they are kept now.
#[derive(Debug, Default)]
pub struct AllKept {
    /// What the sound ones come to.
    pub settings: BTreeMap<PartnerId, PartnerSettings>,
    /// Those that cannot be used, and why.
    pub unsound: Vec<KeptUnsound>,
}

impl Kept {
    /// Everything that is kept, sound or not.
    ///
    /// # Errors
    /// When the vault cannot be reached.
    pub async fn all(&self) -> Result<AllKept, VaultError> {
        let mut all = AllKept::default();
        for (partner, opened) in self.vault.partner_secrets_named(SECRET_NAME).await? {
            // A partner whose file is gone is nobody to call.
            let Some(entry) = self.catalogue.get(&partner) else { continue };
            match opened.map(|text| read(entry, &self.public_url, &text)) {
                Ok(Ok(given)) => {
                    all.settings.insert(partner, given.settings);
                }
                Ok(Err(problems)) => {
                    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
                    all.unsound.push(KeptUnsound { partner, why: lines.join("; ") });
                }
                Err(error) => {
                    all.unsound.push(KeptUnsound { partner, why: error.to_string() });
                }
            }
        }
        Ok(all)
    }
}

impl AllKept {
    /// Their settings, where every one of them is sound.
    ///
    /// # Errors
    /// [`KeptUnsound`], the first of them.
    pub fn sound(self) -> Result<BTreeMap<PartnerId, PartnerSettings>, KeptUnsound> {
        self.unsound.into_iter().next().map_or(Ok(self.settings), Err)
    }
}

/// Why a partner's kept credentials are not used: give them anew with `anchor partner
/// credentials`, or take them back with its `--forget`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the credentials kept for {partner} cannot be used: {why}; give them anew with `anchor partner \
     credentials {partner}`"
)]
pub struct KeptUnsound {
    /// Whose.
    pub partner: PartnerId,
    /// What is wrong, without values.
    pub why: String,
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
