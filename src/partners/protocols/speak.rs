//! Who speaks this protocol? One line for each.

use std::sync::Arc;

use super::retail::Retail;
use crate::partners::catalogue::CatalogueEntry;
use crate::partners::partner::Partner;
use crate::partners::settings::PartnerSettings;
use crate::vault::Vault;

/// A caller for a partner, in the protocol that its file names; none when nobody speaks it.
pub fn speak(
    entry: &CatalogueEntry,
    settings: PartnerSettings,
    http: reqwest::Client,
    vault: Vault,
) -> Option<Arc<dyn Partner>> {
    match entry.details().protocol.as_str() {
        "retail" => Some(Arc::new(Retail::new(entry, settings, http, vault))),
        _ => None,
    }
}
