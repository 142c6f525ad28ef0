//! What became of value that members hold: issued, used, expired or taken back?
//!
//! Value that is out stands in one account for each partner, whatever the funding: owed to whoever
//! pays for it later, or as a memo where it was paid for when it was issued. Each movement posts
//! there once, so opening + issued − used − expired − voided is what it holds then.
//!
//! Rows: A1, A3.

#![deny(clippy::wildcard_enum_match_arm)]

use domain::AnchorEvent;
use domain::reward::RewardEvent;
use rust_decimal::Decimal;

use super::postings::Posting;

/// What became of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Move {
    /// Given to a member.
    Issued,
    /// Spent, or on a bill or card for good.
    Used,
    /// Not spent in time.
    Expired,
    /// Taken back.
    Voided,
}

/// Whether value that members hold stands in this account.
#[must_use]
pub fn holds_value(account: &str) -> bool {
    account.starts_with("liabilities:outstanding:") || account.starts_with("memo:issued:")
}

/// What a posting of an event moves, and by how much; below zero when it takes a movement back.
#[must_use]
pub fn move_of(event: &AnchorEvent, posting: &Posting) -> Option<(Move, Decimal)> {
    let amount = posting.amount.decimal();
    let is_more = holds_value(&posting.credit_account);
    if !is_more && !holds_value(&posting.debit_account) {
        return None;
    }
    Some(match (kind_of(event)?, is_more) {
        (Move::Issued, true) => (Move::Issued, amount),
        (Move::Issued, false) => (Move::Issued, -amount),
        // Before it comes back it is no longer used.
        (Move::Voided | Move::Used, true) => (Move::Used, -amount),
        (Move::Expired, true) => (Move::Expired, -amount),
        (kind, false) => (kind, amount),
    })
}

fn kind_of(event: &AnchorEvent) -> Option<Move> {
    use RewardEvent as E;
    let AnchorEvent::Reward(event) = event else { return None };
    match event {
        E::VoucherIssued(_) | E::CreditApplied(_) | E::LateIssueFound(_) => Some(Move::Issued),
        E::VoucherRedeemed(_)
        | E::CreditSettled(_)
        | E::RedemptionReversed(_)
        | E::LateIssueLost(_) => Some(Move::Used),
        E::VoucherExpired(_) | E::ExpiryUndone(_) => Some(Move::Expired),
        E::VoucherVoided(_) | E::LateIssueRecalled(_) | E::CreditReturned(_) => Some(Move::Voided),
        E::MilestoneReached(_)
        | E::PartnerChosen(_)
        | E::CreditProgressed(_)
        | E::AccountAwaited(_)
        | E::VerificationRequested(_)
        | E::VerificationPassed(_)
        | E::RewardHeld(_)
        | E::RewardReleased(_)
        | E::IssuanceRequested(_)
        | E::IssuanceRefused(_)
        | E::IssuanceDeferred(_)
        | E::IssuanceOutcomeUnknown(_)
        | E::IssuanceNotFound(_)
        | E::IssuanceRepeated(_)
        | E::VoucherRevealed(_)
        | E::OutcomeAttested(_)
        | E::RewardFailed(_)
        | E::RewardCancelled(_)
        | E::RewardResumed(_)
        | E::AttestationBegun(_)
        | E::VoidRequested(_)
        | E::VoidOutcomeUnknown(_)
        | E::VoidRefused(_)
        | E::ChoiceReopened(_)
        | E::RecallRequested(_)
        | E::RecallOutcomeUnknown(_) => None,
    }
}
