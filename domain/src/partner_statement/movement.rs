//! What is one line of a statement? Value that came into being, was used, or went back.
//!
//! Rows: A2.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::money::{Amount, Currency, Money};

/// Of which type a movement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MovementKind {
    /// Value came into being.
    Issue,
    /// Some of it was used.
    Redeem,
    /// A use was undone.
    RedeemReversal,
    /// What was left was taken back.
    Void,
    /// What was left on its last day.
    Expire,
    /// What the partner charges.
    Fee,
    /// A correction, either way.
    Adjust,
    /// Value was added to what there was.
    #[serde(rename = "TOPUP")]
    TopUp,
    /// A credit went back.
    Return,
}

impl MovementKind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Issue,
        Self::Redeem,
        Self::RedeemReversal,
        Self::Void,
        Self::Expire,
        Self::Fee,
        Self::Adjust,
        Self::TopUp,
        Self::Return,
    ];

    /// As it stands in a file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Issue => "ISSUE",
            Self::Redeem => "REDEEM",
            Self::RedeemReversal => "REDEEM_REVERSAL",
            Self::Void => "VOID",
            Self::Expire => "EXPIRE",
            Self::Fee => "FEE",
            Self::Adjust => "ADJUST",
            Self::TopUp => "TOPUP",
            Self::Return => "RETURN",
        }
    }

    /// The kind that a file means by a word.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Whether a value may have several of it, each with an id of its own.
    #[must_use]
    pub fn is_a_use(self) -> bool {
        matches!(self, Self::Redeem | Self::RedeemReversal)
    }

    /// Whether nothing is left of a value after it.
    #[must_use]
    pub fn is_an_end(self) -> bool {
        matches!(self, Self::Void | Self::Expire | Self::Return)
    }

    /// Whether cents of this sign make sense for it.
    #[must_use]
    pub fn may_be(self, cents: i64) -> bool {
        match self {
            Self::Issue | Self::RedeemReversal | Self::TopUp => cents >= 0,
            Self::Redeem | Self::Void | Self::Expire | Self::Return => cents <= 0,
            Self::Fee | Self::Adjust => true,
        }
    }
}

/// One line of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// Where it stands in the file, from 1.
    pub line: usize,
    /// Of which type.
    pub kind: MovementKind,
    /// What we called the order.
    pub reference: String,
    /// What the partner calls the value.
    pub partner_ref: String,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// On which day it counts: the statement's own.
    pub business_date: NaiveDate,
    /// Value that was added, or with a minus taken off, in cents.
    pub cents: i64,
    /// What it cost, in cents.
    pub fee_cents: i64,
    /// Of what.
    pub currency: Currency,
    /// Where, where the partner says so: a shop, or its own id of this use.
    pub place: Option<String>,
}

impl Movement {
    /// How much moved, whichever way.
    #[must_use]
    pub fn money(&self) -> Money {
        let amount = amount(self.cents).unwrap_or(Amount::ZERO);
        Money { amount, currency: self.currency }
    }

    /// Whether value was taken off.
    #[must_use]
    pub fn takes_off(&self) -> bool {
        self.cents < 0
    }
}

/// Cents as an amount, whatever their sign; none when nobody's amount is so large.
#[must_use]
pub fn amount(cents: i64) -> Option<Amount> {
    Amount::new(Decimal::new(cents, 2).abs()).ok()
}
