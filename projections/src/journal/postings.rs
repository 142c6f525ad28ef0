//! Which postings follow from an event? A pure function; it reads the event and nothing else.
//!
//! Rows: A1.

#![deny(clippy::wildcard_enum_match_arm)]

use domain::AnchorEvent;
use domain::ids::PartnerId;
use domain::money::{Amount, Currency};
use domain::reward::{CreditReturned, FundingModel, RewardEvent, RewardType};

use super::settled::{contributions, of_settlement, of_statement, payable};

/// One debit and one credit of the same amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    /// The partner it concerns; none while nothing is ordered anywhere.
    pub partner_id: Option<PartnerId>,
    /// How much.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// The account that is debited.
    pub debit_account: String,
    /// The account that is credited.
    pub credit_account: String,
}

/// What an event posts. The first posting of an event carries the amount that reports count.
#[must_use]
pub fn postings_of(event: &AnchorEvent) -> Vec<Posting> {
    match event {
        AnchorEvent::Reward(event) => of_reward(event),
        AnchorEvent::PartnerStatement(event) => of_statement(event),
        AnchorEvent::Settlement(event) => of_settlement(event),
        AnchorEvent::Journey(_)
        | AnchorEvent::Partner(_)
        | AnchorEvent::PartnerAccount(_)
        | AnchorEvent::Member(_)
        | AnchorEvent::Period(_) => Vec::new(),
    }
}

const COMMITTED: &str = "liabilities:committed";

fn of_reward(event: &RewardEvent) -> Vec<Posting> {
    use RewardEvent as E;
    match event {
        E::MilestoneReached(e) => {
            let debit = expenses(e.reward_type);
            vec![posting(None, (e.amount, e.currency), debit, COMMITTED.to_owned())]
        }
        E::RewardCancelled(e) => {
            let credit = expenses(e.reward_type);
            vec![posting(None, (e.amount, e.currency), COMMITTED.to_owned(), credit)]
        }
        E::IssuanceRequested(e) => {
            let value = (e.amount, e.currency);
            vec![posting(Some(&e.partner_id), value, COMMITTED.into(), clearing(&e.partner_id))]
        }
        E::IssuanceRefused(e) => {
            let value = (e.amount, e.currency);
            vec![posting(Some(&e.partner_id), value, clearing(&e.partner_id), COMMITTED.into())]
        }
        E::OutcomeAttested(e) if !e.issued => {
            let value = (e.amount, e.currency);
            vec![posting(Some(&e.partner_id), value, clearing(&e.partner_id), COMMITTED.into())]
        }
        E::VoucherIssued(e) => {
            issued(&e.partner_id, (e.amount, e.currency), e.funding_model, clearing(&e.partner_id))
        }
        E::CreditApplied(e) => {
            issued(&e.partner_id, (e.amount, e.currency), e.funding_model, clearing(&e.partner_id))
        }
        E::LateIssueFound(e) => late(&e.partner_id, (e.amount, e.currency), e.funding_model),
        E::LateIssueRecalled(e) => {
            opposite(late(&e.partner_id, (e.amount, e.currency), e.funding_model))
        }
        E::LateIssueLost(e) => used(&e.partner_id, (e.amount, e.currency), e.funding_model),
        E::VoucherRedeemed(e) => used(&e.partner_id, (e.amount, e.currency), e.funding_model),
        E::CreditSettled(e) => used(&e.partner_id, (e.amount, e.currency), e.funding_model),
        E::RedemptionReversed(e) => {
            opposite(used(&e.partner_id, (e.amount, e.currency), e.funding_model))
        }
        E::VoucherExpired(e) => expired(&e.partner_id, (e.unspent, e.currency), e.funding_model),
        E::ExpiryUndone(e) => {
            opposite(expired(&e.partner_id, (e.amount, e.currency), e.funding_model))
        }
        E::VoucherVoided(e) => given_back(&e.partner_id, (e.unspent, e.currency), e.funding_model),
        E::CreditReturned(e) => came_back(e),
        E::OutcomeAttested(_)
        | E::PartnerChosen(_)
        | E::CreditProgressed(_)
        | E::AccountAwaited(_)
        | E::VerificationRequested(_)
        | E::VerificationPassed(_)
        | E::RewardHeld(_)
        | E::RewardReleased(_)
        | E::IssuanceDeferred(_)
        | E::IssuanceOutcomeUnknown(_)
        | E::IssuanceNotFound(_)
        | E::IssuanceRepeated(_)
        | E::VoucherRevealed(_)
        | E::RewardFailed(_)
        | E::RewardResumed(_)
        | E::AttestationBegun(_)
        | E::VoidRequested(_)
        | E::VoidOutcomeUnknown(_)
        | E::VoidRefused(_)
        | E::ChoiceReopened(_)
        | E::RecallRequested(_)
        | E::RecallOutcomeUnknown(_) => Vec::new(),
    }
}

fn came_back(e: &CreditReturned) -> Vec<Posting> {
    let value = (e.amount, e.currency);
    let mut postings = if e.was_settled {
        opposite(used(&e.partner_id, value, e.funding_model))
    } else {
        Vec::new()
    };
    postings.extend(given_back(&e.partner_id, value, e.funding_model));
    postings
}

pub(super) type Value = (Amount, Currency);

pub(super) fn posting(
    partner: Option<&PartnerId>,
    value: Value,
    debit: String,
    credit: String,
) -> Posting {
    Posting {
        partner_id: partner.cloned(),
        amount: value.0,
        currency: value.1,
        debit_account: debit,
        credit_account: credit,
    }
}

pub(super) fn opposite(postings: Vec<Posting>) -> Vec<Posting> {
    postings
        .into_iter()
        .map(|p| Posting {
            debit_account: p.credit_account.clone(),
            credit_account: p.debit_account.clone(),
            ..p
        })
        .collect()
}

fn issued(partner: &PartnerId, value: Value, model: FundingModel, from: String) -> Vec<Posting> {
    match model {
        FundingModel::Prepaid => {
            vec![posting(Some(partner), value, from, float(partner)), memo(partner, value)]
        }
        FundingModel::PayOnRedemption | FundingModel::PartnerFunded => {
            vec![posting(Some(partner), value, from, outstanding(partner))]
        }
    }
}

fn used(partner: &PartnerId, value: Value, model: FundingModel) -> Vec<Posting> {
    if value.0.is_zero() {
        return Vec::new();
    }
    let credit = match model {
        FundingModel::Prepaid => return opposite(vec![memo(partner, value)]),
        FundingModel::PayOnRedemption => payable(partner),
        FundingModel::PartnerFunded => contributions(partner),
    };
    vec![posting(Some(partner), value, outstanding(partner), credit)]
}

fn expired(partner: &PartnerId, value: Value, model: FundingModel) -> Vec<Posting> {
    if value.0.is_zero() {
        return Vec::new();
    }
    let credit = match model {
        FundingModel::Prepaid => return opposite(vec![memo(partner, value)]),
        FundingModel::PayOnRedemption => "income:breakage".to_owned(),
        FundingModel::PartnerFunded => contributions(partner),
    };
    vec![posting(Some(partner), value, outstanding(partner), credit)]
}

fn given_back(partner: &PartnerId, value: Value, model: FundingModel) -> Vec<Posting> {
    if value.0.is_zero() {
        return Vec::new();
    }
    let committed = COMMITTED.to_owned();
    match model {
        FundingModel::Prepaid => {
            let mut postings = vec![posting(Some(partner), value, float(partner), committed)];
            postings.extend(opposite(vec![memo(partner, value)]));
            postings
        }
        FundingModel::PayOnRedemption | FundingModel::PartnerFunded => {
            vec![posting(Some(partner), value, outstanding(partner), committed)]
        }
    }
}

/// Paid for already, and still with the member: held against issued, outside the balance.
fn memo(partner: &PartnerId, value: Value) -> Posting {
    let (held, issued) = (format!("memo:held:{partner}"), format!("memo:issued:{partner}"));
    posting(Some(partner), value, held, issued)
}

fn clearing(partner: &PartnerId) -> String {
    format!("liabilities:clearing:{partner}")
}

fn late(partner: &PartnerId, value: Value, model: FundingModel) -> Vec<Posting> {
    issued(partner, value, model, format!("expenses:loss:duplicate:{partner}"))
}

fn outstanding(partner: &PartnerId) -> String {
    format!("liabilities:outstanding:{partner}")
}

pub(super) fn float(partner: &PartnerId) -> String {
    format!("assets:float:{partner}")
}

fn expenses(reward_type: RewardType) -> String {
    let kind = match reward_type {
        RewardType::GroceryVoucher => "grocery_voucher",
        RewardType::UtilityCredit => "utility_credit",
        RewardType::TransportCredit => "transport_credit",
        RewardType::ChoiceReward => "choice_reward",
    };
    format!("expenses:rewards:{kind}")
}
