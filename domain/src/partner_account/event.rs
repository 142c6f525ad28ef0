//! What happened to a member's account at a partner. The stream's id is
//! [`crate::ids::AccountId::of`] the member, the partner and the number of the link.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::{MemberId, PartnerId};
use crate::money::{Amount, Currency};
use crate::sealed::{AccountNumber, Sealed, SecurityCode};

/// The member asked to link an account or card (R4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountLinkRequested {
    /// Whose.
    pub member_id: MemberId,
    /// Where.
    pub partner_id: PartnerId,
    /// Which link of this member with this partner, from 1.
    pub link_number: u32,
    /// `utility`, `transport` or `retail`.
    pub account_type: String,
    /// The number, for the partner's eyes.
    pub account_number: Sealed<AccountNumber>,
    /// What may be shown of it.
    pub account_masked: String,
    /// Keyed hash of (partner, number): one outside account belongs to one member.
    pub account_tag: String,
    /// The code the partner asked for, until it has answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security_code: Option<Sealed<SecurityCode>>,
    /// What the member agreed to at the partner, where they showed it there (P8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// The partner knows the account; whether it is the member's is not yet said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountLinked {
    /// Whose.
    pub member_id: MemberId,
    /// Where.
    pub partner_id: PartnerId,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// The partner confirmed that the account is the member's: credits may go there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountVerified {
    /// Whose.
    pub member_id: MemberId,
    /// Where.
    pub partner_id: PartnerId,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// The partner said no.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountRefused {
    /// Whose.
    pub member_id: MemberId,
    /// Where.
    pub partner_id: PartnerId,
    /// A code.
    pub why: String,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// The partner wants the member to agree once more (D2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RelinkNeeded {
    /// Whose.
    pub member_id: MemberId,
    /// Where.
    pub partner_id: PartnerId,
    /// A code.
    pub why: String,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// The link has ended; linking again is a new stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountUnlinked {
    /// Whose.
    pub member_id: MemberId,
    /// Where.
    pub partner_id: PartnerId,
    /// A code, such as `by_member`.
    pub why: String,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// The partner made out a bill.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BillGenerated {
    /// Whose.
    pub member_id: MemberId,
    /// Where.
    pub partner_id: PartnerId,
    /// The partner's id of the bill.
    pub bill_id: String,
    /// How much is due.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// By when.
    pub due_on: NaiveDate,
    /// When, by the partner's word.
    pub occurred_at: DateTime<Utc>,
}

/// The partner received a payment on the account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentReceived {
    /// Whose.
    pub member_id: MemberId,
    /// Where.
    pub partner_id: PartnerId,
    /// The partner's id of the payment.
    pub payment_id: String,
    /// How much.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// When, by the partner's word.
    pub occurred_at: DateTime<Utc>,
}

/// The partner says that the account's balance is low.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LowBalanceReported {
    /// Whose.
    pub member_id: MemberId,
    /// Where.
    pub partner_id: PartnerId,
    /// What is left.
    pub balance: Amount,
    /// Below what it warns.
    pub threshold: Amount,
    /// Of what.
    pub currency: Currency,
    /// When, by the partner's word.
    pub occurred_at: DateTime<Utc>,
}

crate::event::events! {
    /// Events of a member's account at a partner.
    PartnerAccountEvent of "partner_account" {
        AccountLinkRequested "1.0",
        AccountLinked "1.0",
        AccountVerified "1.0",
        AccountRefused "1.0",
        RelinkNeeded "1.0",
        AccountUnlinked "1.0",
        BillGenerated "1.0",
        PaymentReceived "1.0",
        LowBalanceReported "1.0",
    }
}
