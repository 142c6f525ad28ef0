//! The rules of a line of a bank's.
//!
//! Rows: A1, A2.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::event::{Direction, SettlementEvent, SettlementRecorded};
use crate::aggregate::aggregate;
use crate::ids::{PartnerId, is_partners_id};
use crate::money::{Amount, Currency};
use crate::reward::FundingModel;

/// Whether this may be a bank's id of a line: 1 to 100 visible ASCII characters.
#[must_use]
pub fn is_bank_reference(text: &str) -> bool {
    is_partners_id(text)
}

/// Take a line of the bank's into the books. Again is nothing new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordSettlement {
    /// With whom.
    pub partner_id: PartnerId,
    /// Which way.
    pub direction: Direction,
    /// How much.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// On which day the bank booked it.
    pub booked_on: NaiveDate,
    /// The bank's own id of the line.
    pub bank_reference: String,
    /// Who pays for what the partner gives, as it is agreed now.
    pub funding_model: FundingModel,
}

/// Why a line was not recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettlementError {
    /// A bank's id stands for one line for ever.
    #[error("another line of that bank reference is in the books")]
    OtherFacts,
    /// Money moved, or there is no line.
    #[error("the amount of a bank's line is above zero")]
    NoAmount,
    /// Take the bank's own.
    #[error("a bank reference is 1 to 100 visible characters")]
    OddReference,
}

/// A line of a bank's as the ledger knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    recorded: Option<SettlementRecorded>,
}

impl Settlement {
    /// What is in the books; none before it is.
    #[must_use]
    pub fn recorded(&self) -> Option<&SettlementRecorded> {
        self.recorded.as_ref()
    }

    /// What follows from a wish.
    ///
    /// # Errors
    /// [`SettlementError`] names the rule.
    pub fn decide(
        &self,
        wish: RecordSettlement,
        at: DateTime<Utc>,
    ) -> Result<Vec<SettlementEvent>, SettlementError> {
        if let Some(known) = &self.recorded {
            return says(known, &wish).then(Vec::new).ok_or(SettlementError::OtherFacts);
        }
        if wish.amount.is_zero() {
            return Err(SettlementError::NoAmount);
        }
        if !is_bank_reference(&wish.bank_reference) {
            return Err(SettlementError::OddReference);
        }
        let recorded = SettlementRecorded {
            partner_id: wish.partner_id,
            direction: wish.direction,
            amount: wish.amount,
            currency: wish.currency,
            booked_on: wish.booked_on,
            bank_reference: wish.bank_reference,
            funding_model: wish.funding_model,
            occurred_at: at,
        };
        Ok(vec![recorded.into()])
    }

    /// The state after an event.
    pub fn evolve(&mut self, event: &SettlementEvent) {
        match event {
            SettlementEvent::SettlementRecorded(e) => self.recorded = Some(e.clone()),
        }
    }
}

/// Whether a wish says what is known: all that the bank says. Who pays for what the partner gives
/// may be agreed otherwise since; what was recorded stays.
fn says(known: &SettlementRecorded, wish: &RecordSettlement) -> bool {
    known.partner_id == wish.partner_id
        && known.direction == wish.direction
        && known.amount == wish.amount
        && known.currency == wish.currency
        && known.booked_on == wish.booked_on
        && known.bank_reference == wish.bank_reference
}

aggregate!(Settlement: RecordSettlement -> SettlementEvent | SettlementError);
