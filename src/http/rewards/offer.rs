//! What can this member have from this partner for this reward? The product a claim orders.
//!
//! Asked before the claim, so that a claim that cannot be carried out is refused with what could be
//! done instead. The rule itself is the ledger's.
//!
//! What the policy does not allow is not offered, whoever sells it.
//!
//! Rows: M3, R3, R4, P6.

use domain::ids::{AccountId, MemberId, PartnerId};
use domain::partner::Product;
use domain::reward::{MilestoneReached, RewardType, ValueKind};
use projections::paging::Page;
use projections::partners::query::{PartnerFilter, PartnerRow};
use projections::{partners, user_partner_accounts};

use crate::http::partners::is_available;
use crate::http::problem::{Code, Problem};
use crate::http::state::AppState;

/// What a claim orders.
#[derive(Debug)]
pub struct Offer {
    /// The product's id.
    pub product: String,
    /// Voucher or credit.
    pub kind: ValueKind,
    /// Where a credit goes.
    pub account_id: Option<AccountId>,
}

/// What this partner can give for this reward.
///
/// # Errors
/// `partner_not_eligible`, `partner_unavailable` (with those that are available), `invalid_field`
/// for a product that it does not have, `account_needed`.
pub async fn offer(
    state: &AppState,
    member: MemberId,
    reached: &MilestoneReached,
    partner: &PartnerId,
    product: Option<&str>,
) -> Result<Offer, Problem> {
    if !reached.eligible_partners.contains(partner) {
        let problem = Problem::new(Code::PartnerNotEligible);
        return Err(problem.fact("eligible", &reached.eligible_partners));
    }
    let available = available(state, reached).await?;
    let Some(row) = available.iter().find(|row| row.partner_id == partner.as_str()) else {
        return Err(unavailable(&available));
    };
    let products = products(row, reached);
    let found = match product {
        Some(wanted) => products.iter().find(|product| product.id == wanted).ok_or_else(|| {
            let ids: Vec<&str> = products.iter().map(|product| product.id.as_str()).collect();
            let detail = format!("This partner gives: {}.", ids.join(", "));
            Problem::new(Code::InvalidField).detail(detail).fact("field", "product")
        })?,
        None => products.first().ok_or_else(|| unavailable(&available))?,
    };
    let account_id = match found.kind {
        ValueKind::Voucher => None,
        ValueKind::Credit => Some(account(state, member, partner).await?),
    };
    Ok(Offer { product: found.id.clone(), kind: found.kind, account_id })
}

/// The eligible partners from which something can be had now, in the policy's order.
///
/// # Errors
/// When the read model cannot be asked.
pub async fn available(
    state: &AppState,
    reached: &MilestoneReached,
) -> Result<Vec<PartnerRow>, Problem> {
    let active = PartnerFilter { status: Some("active".to_owned()), ..PartnerFilter::default() };
    let most = Page::new(Some(projections::paging::MAX_LIMIT), None)?;
    let (rows, _) = partners::query::list(&state.read_pool, &active, &most).await?;
    let in_order = reached
        .eligible_partners
        .iter()
        .filter_map(|eligible| rows.iter().find(|row| row.partner_id == eligible.as_str()));
    let givers = in_order
        .filter(|row| is_available(state, &row.partner_id, &row.status))
        .filter(|row| !products(row, reached).is_empty());
    Ok(givers.cloned().collect())
}

/// The problem that names who could be asked instead.
#[must_use]
pub fn unavailable(available: &[PartnerRow]) -> Problem {
    let ids: Vec<&str> = available.iter().map(|row| row.partner_id.as_str()).collect();
    Problem::new(Code::PartnerUnavailable).fact("available", ids)
}

/// Groceries come as vouchers and bills are paid by credits; the others come as either, vouchers
/// first, because they need no account.
fn products(row: &PartnerRow, reached: &MilestoneReached) -> Vec<Product> {
    let mut all: Vec<Product> =
        serde_json::from_value(row.config["products"].clone()).unwrap_or_default();
    all.retain(|product| reached.product_rules.allow(product));
    match reached.reward_type {
        RewardType::GroceryVoucher => all.retain(|product| product.kind == ValueKind::Voucher),
        RewardType::UtilityCredit => all.retain(|product| product.kind == ValueKind::Credit),
        RewardType::TransportCredit | RewardType::ChoiceReward => {
            all.sort_by_key(|product| product.kind == ValueKind::Credit);
        }
    }
    all
}

async fn account(
    state: &AppState,
    member: MemberId,
    partner: &PartnerId,
) -> Result<AccountId, Problem> {
    let at = std::slice::from_ref(partner);
    let accounts = user_partner_accounts::query::verified_at(&state.read_pool, member, at).await?;
    let account = accounts.first().map(|account| account.account_id);
    account.ok_or_else(|| Problem::new(Code::AccountNeeded).fact("partner_id", partner))
}
