//! What is set aside where the books go on with the partner's word and not with ours?
//!
//! The account that stands between us and the partner then shows what the partner says, and
//! `suspense:recon:N` by how much that is more or less than what we can answer for: within an
//! agreed tolerance, or because people force a break. A cent is *against us* where the partner's
//! word credits that account.
//!
//! | line | prepaid: float | on redemption: payable | partner-funded: contributions |
//! | --- | --- | --- | --- |
//! | ISSUE, VOID, RETURN | more is against us | – | – |
//! | TOPUP | less is against us | – | – |
//! | REDEEM, REDEEM_REVERSAL | – | less is against us | less is against us |
//! | EXPIRE | – | – | less is against us |
//! | FEE, ADJUST | less is against us | less is against us | less is against us |
//!
//! More and less are meant of a line's signed cents: a use of `-1300` where we know `-1250` is
//! less. A dash: whatever the line says, nobody owes anybody a cent more or less by it. What
//! members hold is never changed by a line: our own commands do that.
//!
//! | break that is forced | by how much |
//! | --- | --- |
//! | `over`, `under` | theirs less ours |
//! | `unexpected`, `state_differs`, `currency` | theirs: nothing of ours stands behind it |
//! | `duplicate_theirs` | theirs: what stands behind it, they have said already |
//! | `overdue` | ours, the other way: they never said it |
//! | `date`, `reference_differs` | nothing: no amount is in question |
//! | `too_many` | it cannot be forced |
//!
//! Where the currency differs, what we recorded in the other one stays until a command of our own
//! puts it right. What was forced as overdue is told of by no later line any more: should one come
//! it is `unexpected`, and the two meet in the suspense account.
//!
//! Rows: A1, A2.

use serde::{Deserialize, Serialize};

use super::breaks::BreakKind;
use super::event::{BreakForced, LinesMatched};
use super::movement::{MovementKind, amount};
use crate::money::{Amount, Currency};
use crate::reward::FundingModel;

/// What an event sets aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspended {
    /// Of what.
    pub currency: Currency,
    /// Who pays for what the partner gives.
    pub funding_model: FundingModel,
    /// By how much the partner's word goes against us.
    pub against_us: Amount,
    /// By how much it is in our favour.
    pub in_our_favour: Amount,
}

/// Cents that are set aside, either way: what goes against us does not hide what does not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuspendedCents {
    against_us: i64,
    in_our_favour: i64,
}

impl SuspendedCents {
    /// Adds a difference, in signed cents of lines of this kind.
    fn add(&mut self, model: FundingModel, movement: MovementKind, off_by_cents: i64) {
        let cents = against_us(model, movement).saturating_mul(off_by_cents);
        if cents > 0 {
            self.against_us = self.against_us.saturating_add(cents);
        } else {
            self.in_our_favour = self.in_our_favour.saturating_sub(cents);
        }
    }

    /// Adds what an event set aside.
    pub(super) fn take_in(&mut self, other: Self) {
        self.against_us = self.against_us.saturating_add(other.against_us);
        self.in_our_favour = self.in_our_favour.saturating_add(other.in_our_favour);
    }

    /// As amounts; none when nothing was set aside.
    pub(super) fn under(
        self,
        model: Option<FundingModel>,
        currency: Currency,
    ) -> Option<Suspended> {
        let funding_model = model.filter(|_| self != Self::default())?;
        let cents = |cents: i64| amount(cents).unwrap_or(Amount::ZERO);
        let (against_us, in_our_favour) = (cents(self.against_us), cents(self.in_our_favour));
        Some(Suspended { currency, funding_model, against_us, in_our_favour })
    }
}

/// What a cent more in a line does: 1 when it goes against us, -1 when it is in our favour.
fn against_us(model: FundingModel, movement: MovementKind) -> i64 {
    use MovementKind as K;
    let is_prepaid = model == FundingModel::Prepaid;
    match movement {
        K::Issue | K::Void | K::Return => i64::from(is_prepaid),
        K::TopUp => -i64::from(is_prepaid),
        K::Redeem | K::RedeemReversal => -i64::from(!is_prepaid),
        K::Expire => -i64::from(model == FundingModel::PartnerFunded),
        K::Fee | K::Adjust => -1,
    }
}

/// Theirs less ours, in signed cents, as far as an amount is in question for the books.
#[must_use]
pub fn off_by_cents(kind: BreakKind, stated: Option<i64>, recorded: Option<i64>) -> i64 {
    let (stated, recorded) = (stated.unwrap_or_default(), recorded.unwrap_or_default());
    match kind {
        BreakKind::Over | BreakKind::Under => stated - recorded,
        BreakKind::Unexpected
        | BreakKind::StateDiffers
        | BreakKind::Currency
        | BreakKind::DuplicateTheirs => stated,
        BreakKind::Overdue => -recorded,
        BreakKind::Date | BreakKind::ReferenceDiffers | BreakKind::TooMany => 0,
    }
}

impl LinesMatched {
    /// In cents.
    pub(super) fn suspended_cents(&self) -> SuspendedCents {
        let mut cents = SuspendedCents::default();
        let Some(model) = self.funding_model else { return cents };
        for line in &self.matched {
            if let Some(movement) = line.movement {
                cents.add(model, movement, line.off_by_cents);
            }
        }
        cents
    }

    /// What it sets aside.
    #[must_use]
    pub fn suspended(&self) -> Option<Suspended> {
        self.suspended_cents().under(self.funding_model, self.currency)
    }
}

impl BreakForced {
    /// In cents.
    pub(super) fn suspended_cents(&self) -> SuspendedCents {
        let mut cents = SuspendedCents::default();
        if let Some(model) = self.funding_model {
            cents.add(model, self.movement, self.off_by_cents);
        }
        cents
    }

    /// What it sets aside.
    #[must_use]
    pub fn suspended(&self) -> Option<Suspended> {
        self.suspended_cents().under(self.funding_model, self.currency)
    }
}
