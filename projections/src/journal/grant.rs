//! What do the events of one reward say of it, beside what was posted?
//!
//! Rows: A1.

#![deny(clippy::wildcard_enum_match_arm)]

use std::collections::BTreeMap;

use domain::ids::PartnerId;
use domain::money::{Amount, Currency};
use domain::reward::RewardEvent;
use rust_decimal::Decimal;

use super::book::Entry;
use super::moves::holds_value;

/// An order without an answer.
type Open = (PartnerId, Currency, Decimal);

/// What is known of a reward.
#[derive(Debug, Default)]
pub(super) struct Grant {
    /// Owed, ordered and still out, by postings.
    pub(super) owes: Decimal,
    /// Issued less spent, expired and taken back, by postings.
    pub(super) left: Decimal,
    told_left: BTreeMap<String, Decimal>,
    open: BTreeMap<u32, Open>,
}

impl Grant {
    /// What is left of its values, as events say.
    pub(super) fn told_left(&self) -> Decimal {
        self.told_left.values().sum()
    }

    /// Takes in what was posted for it.
    pub(super) fn post(&mut self, entry: &Entry) {
        let amount = entry.posting.amount.decimal();
        for (account, more) in
            [(&entry.posting.credit_account, amount), (&entry.posting.debit_account, -amount)]
        {
            if is_owed(account) {
                self.owes += more;
            }
            if holds_value(account) {
                self.left += more;
            }
        }
    }

    /// Takes in what an event says; by how much what is ordered and not answered changes.
    pub(super) fn tell(&mut self, event: &RewardEvent) -> Option<Open> {
        use RewardEvent as E;
        match event {
            E::IssuanceRequested(e) => {
                let open = (e.partner_id.clone(), e.currency, e.amount.decimal());
                self.open.insert(e.attempt, open.clone());
                return Some(open);
            }
            E::IssuanceRefused(e) => return self.answered(e.attempt),
            E::OutcomeAttested(e) => {
                return if e.issued { None } else { self.answered(e.attempt) };
            }
            E::VoucherIssued(e) => {
                self.is_left(&e.voucher_id, e.amount);
                return self.answered(e.attempt);
            }
            E::CreditApplied(e) => {
                self.is_left(&e.credit_id, e.amount);
                return self.answered(e.attempt);
            }
            E::VoucherRedeemed(e) => self.is_left(&e.voucher_id, e.remaining),
            E::RedemptionReversed(e) => self.is_left(&e.voucher_id, e.remaining),
            E::VoucherExpired(e) => self.is_left(&e.voucher_id, Amount::ZERO),
            E::ExpiryUndone(e) => self.is_left(&e.voucher_id, e.amount),
            E::VoucherVoided(e) => self.is_left(&e.voucher_id, Amount::ZERO),
            E::CreditSettled(e) => self.is_left(&e.credit_id, Amount::ZERO),
            E::CreditReturned(e) => self.is_left(&e.credit_id, Amount::ZERO),
            E::LateIssueFound(e) => self.change_late(&e.partner_ref, e.amount.decimal()),
            E::LateIssueRecalled(e) => self.change_late(&e.partner_ref, -e.amount.decimal()),
            E::LateIssueLost(e) => self.change_late(&e.partner_ref, -e.amount.decimal()),
            E::MilestoneReached(_)
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
            | E::RewardCancelled(_)
            | E::RewardResumed(_)
            | E::AttestationBegun(_)
            | E::VoidRequested(_)
            | E::VoidOutcomeUnknown(_)
            | E::VoidRefused(_)
            | E::ChoiceReopened(_)
            | E::RecallRequested(_)
            | E::RecallOutcomeUnknown(_) => {}
        }
        None
    }

    fn answered(&mut self, attempt: u32) -> Option<Open> {
        let (partner, currency, amount) = self.open.remove(&attempt)?;
        Some((partner, currency, -amount))
    }

    fn is_left(&mut self, value: &str, amount: Amount) {
        self.told_left.insert(value.to_owned(), amount.decimal());
    }

    fn change_late(&mut self, value: &str, change: Decimal) {
        *self.told_left.entry(format!("late {value}")).or_default() += change;
    }
}

fn is_owed(account: &str) -> bool {
    account == "liabilities:committed"
        || account.starts_with("liabilities:clearing:")
        || account.starts_with("liabilities:outstanding:")
}
