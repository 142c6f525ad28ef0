//! What does everybody see of a partner?
//!
//! Rows: Q2, P6.

use domain::ids::PartnerId;
use projections::partners::query::PartnerRow;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::state::AppState;
use crate::partners::CatalogueEntry;

/// A partner.
#[derive(Debug, Serialize, ToSchema)]
pub struct PartnerBody {
    /// Its id in addresses.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// retail, utility, transport or support.
    pub r#type: String,
    /// What it can do.
    pub capabilities: Vec<String>,
    /// pending, active, suspended or inactive.
    pub status: String,
    /// Whether something can be had from it now.
    pub available: bool,
    /// How far onboarding has come.
    pub onboarding_state: String,
    /// What can be asked for when claiming.
    pub products: Vec<ProductBody>,
    /// A web page for members.
    pub web: Option<String>,
    /// A telephone number for members.
    pub phone: Option<String>,
}

/// Something a partner gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProductBody {
    /// What a claim names.
    pub id: String,
    /// What members read.
    pub name: String,
    /// voucher or credit.
    pub kind: String,
}

/// Whether something can be had from this partner now: active, set up here, its breaker not open.
#[must_use]
pub fn is_available(state: &AppState, id: &str, status: &str) -> bool {
    let Ok(id) = id.parse::<PartnerId>() else { return false };
    let entry = state.catalogue.get(&id);
    let needs_settings = entry.is_none_or(CatalogueEntry::is_called);
    status == "active" && (!needs_settings || state.calls.is_reachable(&id))
}

/// Whether it is there for whoever calls, whatever is set up here.
fn is_help_line(state: &AppState, row: &PartnerRow) -> bool {
    let entry = row.partner_id.parse().ok().and_then(|id| state.catalogue.get(&id));
    entry.is_some_and(|entry| !entry.moves_value())
        && ["pending", "active"].contains(&row.status.as_str())
}

impl PartnerBody {
    /// What is shown of a row.
    #[must_use]
    pub fn of(row: PartnerRow, state: &AppState) -> Self {
        let text = |name: &str| row.config[name].as_str().map(ToOwned::to_owned);
        Self {
            available: is_help_line(state, &row)
                || is_available(state, &row.partner_id, &row.status),
            products: serde_json::from_value(row.config["products"].clone()).unwrap_or_default(),
            web: text("web"),
            phone: text("phone"),
            id: row.partner_id,
            name: row.name,
            r#type: row.partner_type,
            capabilities: row.capabilities,
            status: row.status,
            onboarding_state: row.onboarding_state,
        }
    }
}
