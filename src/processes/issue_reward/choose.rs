//! Which partner is asked next? A pure choice over what is known; the policy's order decides.
//!
//! A voucher goes to the first eligible partner that is available. A credit goes to the first where
//! the member has a verified account; without one the reward waits and the member is told where an
//! account would do. A partner that is only ever claimed is passed over. After a refusal the next
//! in order is asked; the one that refused only if it called its refusal temporary, and after the
//! others. After three tries the reward's own rule has failed it, and people are asked.
//!
//! Rows: M3, R4, D1, D3.

use std::collections::BTreeMap;

use domain::ids::{AccountId, PartnerId};
use domain::partner::Product;
use domain::reward::{
    ChosenBecause, MilestoneReached, Refusal, Reward, RewardCommand, RewardType, ValueKind,
};

/// What the choice rests on.
#[derive(Debug, Default)]
pub struct Known {
    /// Partners that are active and configured, with what they offer.
    pub offers: BTreeMap<PartnerId, Vec<Product>>,
    /// The member's verified accounts.
    pub verified_accounts: BTreeMap<PartnerId, AccountId>,
}

/// What to do with a reward that has no partner yet.
#[derive(Debug, Clone)]
pub enum Choice {
    /// Tell the reward: choose this partner, wait for an account, or give up.
    Command(Box<RewardCommand>),
    /// Nobody is available at the moment; look again later.
    NobodyAvailable,
}

/// Chooses for a reward that waits for a partner.
pub fn choose(reached: &MilestoneReached, reward: &Reward, known: &Known) -> Choice {
    let refusals = reward.counting_refusals();
    let candidates = in_order(reached, refusals);
    if candidates.is_empty() {
        let why = "no_partner_left".to_owned();
        return Choice::Command(Box::new(RewardCommand::Fail { why }));
    }
    let wanted = wanted_kind(reached.reward_type);
    for partner in &candidates {
        let Some(offers) = known.offers.get(partner) else { continue };
        let fits =
            |product: &&Product| product.kind == wanted && reached.product_rules.allow(product);
        let Some(product) = offers.iter().find(fits) else { continue };
        let account_id = usable_account(reward, known, partner);
        if wanted == ValueKind::Credit && account_id.is_none() {
            continue;
        }
        return Choice::Command(Box::new(RewardCommand::Choose {
            partner_id: partner.clone(),
            product: product.id.clone(),
            kind: wanted,
            account_id: account_id.filter(|_| wanted == ValueKind::Credit),
            reason: refusals.last().map_or(ChosenBecause::FirstAvailable, |refusal| {
                ChosenBecause::AfterRefusal { attempt: refusal.attempt }
            }),
        }));
    }
    if wanted == ValueKind::Credit
        && candidates.iter().all(|p| usable_account(reward, known, p).is_none())
    {
        return Choice::Command(Box::new(RewardCommand::AwaitAccount { partners: candidates }));
    }
    Choice::NobodyAvailable
}

/// Never asked before those that refused for now; those that refused for good not at all.
fn in_order(reached: &MilestoneReached, refusals: &[Refusal]) -> Vec<PartnerId> {
    let mut fresh = Vec::new();
    let mut again = Vec::new();
    let claim_only = &reached.claim_only;
    for partner in reached.eligible_partners.iter().filter(|p| !claim_only.contains(p)) {
        match refusals.iter().rev().find(|refusal| &refusal.partner_id == partner) {
            None => fresh.push(partner.clone()),
            Some(refusal) if refusal.temporary => again.push(partner.clone()),
            Some(_) => {}
        }
    }
    fresh.append(&mut again);
    fresh
}

/// The member's verified account there, unless a credit to it came back: it would again.
fn usable_account(reward: &Reward, known: &Known, partner: &PartnerId) -> Option<AccountId> {
    let account = known.verified_accounts.get(partner).copied();
    account.filter(|account| !reward.came_back_from(*account))
}

fn wanted_kind(reward_type: RewardType) -> ValueKind {
    match reward_type {
        RewardType::GroceryVoucher | RewardType::ChoiceReward => ValueKind::Voucher,
        RewardType::UtilityCredit | RewardType::TransportCredit => ValueKind::Credit,
    }
}
