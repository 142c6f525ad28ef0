//! What happened at the bank. Who brought it and why stand in the metadata.
//!
//! Rows: A1, A2.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::PartnerId;
use crate::money::{Amount, Currency};
use crate::reward::FundingModel;

/// Which way money went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From us to the partner.
    Paid,
    /// From the partner to us.
    Received,
}

impl Direction {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Paid, Self::Received];

    /// The word that is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::Received => "received",
        }
    }
}

/// Our bank says that money went to a partner, or came from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettlementRecorded {
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
    /// Who pays for what the partner gives, as it was agreed then.
    pub funding_model: FundingModel,
    /// When it was taken in.
    pub occurred_at: DateTime<Utc>,
}

crate::event::events! {
    /// Events of a line of a bank's.
    SettlementEvent of "settlement" {
        SettlementRecorded "1.0",
    }
}
