//! Who speaks this protocol, and what can be asked in it? One line for each.

use std::sync::Arc;

use super::retail::{self, Retail};
use super::speaker::Speaker;
use super::transport::{self, Transport};
use super::utility::{self, Utility};
use super::{support, support::Support};
use crate::partners::catalogue::CatalogueEntry;
use crate::partners::connection::Connection;
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
    let protocol = entry.details().protocol;
    let connection = Connection::new(entry.id().clone(), settings, http, vault);
    match protocol.as_str() {
        "retail" => Some(Arc::new(Speaker::<Retail>::new(entry, connection))),
        "utility" => Some(Arc::new(Speaker::<Utility>::new(entry, connection))),
        "transport" => Some(Arc::new(Speaker::<Transport>::new(entry, connection))),
        "support" => Some(Arc::new(Speaker::<Support>::new(entry, connection))),
        _ => None,
    }
}

/// What can be asked in a protocol; none when nobody speaks it.
#[must_use]
pub fn capabilities_of(protocol: &str) -> Option<&'static [&'static str]> {
    match protocol {
        "retail" => Some(retail::CAPABILITIES),
        "utility" => Some(utility::CAPABILITIES),
        "transport" => Some(transport::CAPABILITIES),
        "support" => Some(support::CAPABILITIES),
        _ => None,
    }
}
