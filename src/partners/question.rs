//! What can be asked of a member's account at a partner, and what is told? Look-ups that move no
//! value and change nothing.
//!
//! What a partner tells is passed on as it is and kept nowhere.
//!
//! Rows: P2, P3, P4, C1.

use chrono::{DateTime, NaiveDate, Utc};
use domain::money::{Amount, Currency};
use domain::partner::PartnerType;
use domain::reward::CreditState;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// How much there is, or is owed.
    Balance,
    /// What was spent and topped up.
    Transactions,
    /// Which bills were made out.
    Bills,
    /// Which credits were given.
    Credits,
    /// Which journeys were paid.
    Trips,
    /// What was put on the card.
    TopUps,
}

impl Topic {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Balance, Self::Transactions, Self::Bills, Self::Credits, Self::Trips, Self::TopUps];

    /// Its name in addresses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Balance => "balance",
            Self::Transactions => "transactions",
            Self::Bills => "bills",
            Self::Credits => "credits",
            Self::Trips => "trips",
            Self::TopUps => "top-ups",
        }
    }

    /// The capability that a partner of this type answers it with.
    #[must_use]
    pub fn capability(self, partner_type: PartnerType) -> &'static str {
        match self {
            Self::Balance if partner_type == PartnerType::Utility => "account_balance",
            Self::Balance => "balance_check",
            Self::Transactions => "transaction_history",
            Self::Bills => "billing_history",
            Self::Credits => "credit_history",
            Self::Trips => "travel_history",
            Self::TopUps => "top_up_history",
        }
    }
}

/// What was told.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Told {
    /// Of a balance.
    Balance(AccountBalance),
    /// Of transactions.
    Transactions(Transactions),
    /// Of bills.
    Bills(Bills),
    /// Of credits.
    Credits(Credits),
    /// Of trips.
    Trips(Trips),
    /// Of top-ups.
    TopUps(TopUps),
}

/// Whether a balance is there to be used, or to be paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It can be used.
    Available,
    /// It is to be paid.
    Owed,
    /// More was paid than is owed.
    InCredit,
}

macro_rules! told {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field:meta])* $of:ident: $kind:ty,)+ })+) => {
        $($(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
        #[allow(missing_docs, reason = "the fields are those of the published documents")]
        pub struct $name { $($(#[$field])* pub $of: $kind,)+ })+
    };
}

told! {
    /// How much there is, or is owed.
    AccountBalance {
        #[schema(value_type = String)] balance: Amount,
        standing: Standing,
        #[schema(value_type = String)] currency: Currency,
        as_of: DateTime<Utc>,
    }
    /// What was spent and topped up, newest first.
    Transactions { transactions: Vec<Transaction>, }
    /// Something spent or topped up.
    Transaction {
        transaction_id: String,
        kind: String,
        #[schema(value_type = String)] amount: Amount,
        #[schema(value_type = String)] currency: Currency,
        at: DateTime<Utc>,
        place: Option<String>,
    }
    /// Bills, newest first.
    Bills { bills: Vec<Bill>, }
    /// A bill.
    Bill {
        bill_id: String,
        #[schema(value_type = String)] amount: Amount,
        #[schema(value_type = String)] currency: Currency,
        issued_on: NaiveDate,
        due_on: NaiveDate,
        is_paid: bool,
    }
    /// Credits, newest first.
    Credits { credits: Vec<PastCredit>, }
    /// A credit on an account.
    PastCredit {
        credit_id: String,
        #[schema(value_type = String)] amount: Amount,
        #[schema(value_type = String)] currency: Currency,
        #[schema(value_type = String)] state: PastState,
        at: DateTime<Utc>,
    }
    /// Trips, newest first.
    Trips { trips: Vec<Trip>, }
    /// A trip that was paid with the card.
    Trip {
        at: DateTime<Utc>,
        from: String,
        to: Option<String>,
        #[schema(value_type = String)] fare: Amount,
        #[schema(value_type = String)] currency: Currency,
    }
    /// Top-ups, newest first.
    TopUps { top_ups: Vec<TopUp>, }
    /// Something that was put on the card.
    TopUp {
        top_up_id: String,
        #[schema(value_type = String)] amount: Amount,
        #[schema(value_type = String)] currency: Currency,
        #[schema(value_type = String)] state: PastState,
        at: DateTime<Utc>,
    }
}

/// How far a credit has come, or that it went back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PastState {
    /// So far.
    Standing(CreditState),
    /// Back.
    Gone(Gone),
}

/// Why a credit is no longer there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gone {
    /// The account took it no longer.
    Returned,
    /// It was not collected in time.
    Reversed,
}
