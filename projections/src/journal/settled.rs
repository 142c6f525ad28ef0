//! What does our bank's line post, and what a partner's word that the books go on with?
//!
//! | event | prepaid | paid on redemption | partner-funded |
//! | --- | --- | --- | --- |
//! | paid to it | bank → float | bank → payable | bank → suspense |
//! | received from it | float → bank | payable → bank | suspense → bank |
//! | its word against us | float → suspense | payable → suspense | contributions → suspense |
//! | its word in our favour | the opposite | the opposite | the opposite |
//! | a statement is superseded | all that it set aside, the other way | likewise | likewise |
//!
//! Each from the account that is credited to the one that is debited. Which word goes against us,
//! by line and by break, is a table of [`domain::partner_statement`]. Money that moves between us
//! and a partner who pays for everything itself is in question as long as nobody explained it.
//!
//! Rows: A1, A2.

#![deny(clippy::wildcard_enum_match_arm)]

use chrono::NaiveDate;
use domain::AnchorEvent;
use domain::ids::PartnerId;
use domain::money::Amount;
use domain::partner_statement::{PartnerStatementEvent, Suspended};
use domain::reward::FundingModel;
use domain::settlement::{Direction, SettlementEvent, SettlementRecorded};

use super::postings::{Posting, float, opposite, posting};

const BANK: &str = "assets:bank";

/// The business day that an event names itself.
pub(super) fn day_named_by(event: &AnchorEvent) -> Option<NaiveDate> {
    use PartnerStatementEvent as E;
    match event {
        AnchorEvent::Settlement(SettlementEvent::SettlementRecorded(e)) => Some(e.booked_on),
        AnchorEvent::PartnerStatement(event) => match event {
            E::LinesMatched(e) => Some(e.business_date),
            E::BreakForced(e) => Some(e.business_date),
            E::StatementSuperseded(e) => Some(e.business_date),
            E::StatementImported(_)
            | E::BreakOpened(_)
            | E::BreakAssigned(_)
            | E::BreakExplained(_)
            | E::BreakResolved(_)
            | E::BreakForceBegun(_) => None,
        },
        AnchorEvent::Journey(_)
        | AnchorEvent::Reward(_)
        | AnchorEvent::Partner(_)
        | AnchorEvent::PartnerAccount(_)
        | AnchorEvent::Member(_)
        | AnchorEvent::Period(_) => None,
    }
}

/// What a bank's line posts.
pub(super) fn of_settlement(event: &SettlementEvent) -> Vec<Posting> {
    let SettlementEvent::SettlementRecorded(e) = event;
    let SettlementRecorded { partner_id, amount, currency, funding_model, .. } = e;
    let debit = match funding_model {
        FundingModel::Prepaid => float(partner_id),
        FundingModel::PayOnRedemption => payable(partner_id),
        FundingModel::PartnerFunded => suspense(partner_id),
    };
    let paid = vec![posting(Some(partner_id), (*amount, *currency), debit, BANK.to_owned())];
    match e.direction {
        Direction::Paid => paid,
        Direction::Received => opposite(paid),
    }
}

/// What a statement's event posts: what is set aside by it.
pub(super) fn of_statement(event: &PartnerStatementEvent) -> Vec<Posting> {
    use PartnerStatementEvent as E;
    match event {
        E::LinesMatched(e) => set_aside(&e.partner_id, e.suspended()),
        E::BreakForced(e) => set_aside(&e.partner_id, e.suspended()),
        E::StatementSuperseded(e) => {
            opposite(set_aside(&e.partner_id, e.suspended.iter().copied()))
        }
        E::StatementImported(_)
        | E::BreakOpened(_)
        | E::BreakAssigned(_)
        | E::BreakExplained(_)
        | E::BreakResolved(_)
        | E::BreakForceBegun(_) => Vec::new(),
    }
}

/// What goes against us and what is in our favour, each for itself.
fn set_aside(partner: &PartnerId, suspended: impl IntoIterator<Item = Suspended>) -> Vec<Posting> {
    suspended.into_iter().flat_map(|one| both_ways(partner, one)).collect()
}

fn both_ways(partner: &PartnerId, suspended: Suspended) -> Vec<Posting> {
    let Suspended { currency, funding_model, against_us, in_our_favour } = suspended;
    let between_us = match funding_model {
        FundingModel::Prepaid => float(partner),
        FundingModel::PayOnRedemption => payable(partner),
        FundingModel::PartnerFunded => contributions(partner),
    };
    let against = |amount: Amount| {
        vec![posting(Some(partner), (amount, currency), suspense(partner), between_us.clone())]
    };
    let mut postings = against(against_us);
    postings.extend(opposite(against(in_our_favour)));
    postings.retain(|posting| !posting.amount.is_zero());
    postings
}

pub(super) fn payable(partner: &PartnerId) -> String {
    format!("liabilities:payable:{partner}")
}

pub(super) fn contributions(partner: &PartnerId) -> String {
    format!("income:contributions:{partner}")
}

fn suspense(partner: &PartnerId) -> String {
    format!("suspense:recon:{partner}")
}
