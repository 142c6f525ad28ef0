//! What can every partner be asked? The interface that processes and edges know.
//!
//! Rows: P10, C1.

use std::time::Instant;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::PartnerId;
use domain::money::{Amount, Currency};
use domain::reward::ValueKind;
use secrecy::SecretString;
use uuid::Uuid;

use super::outcome::{LookUp, Outcome};

/// Everything a partner is ever told of a reward. There is no room for a milestone, a number of
/// days or a member.
#[derive(Debug, Clone)]
pub struct Order {
    /// The same for every repeat.
    pub idempotency_key: Uuid,
    /// Our opaque name for it.
    pub reference: String,
    /// Which product.
    pub product: String,
    /// Voucher or credit.
    pub kind: ValueKind,
    /// How much.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// The account a credit goes to.
    pub account: Option<SecretString>,
}

/// An order as it is sent.
#[derive(Clone)]
pub struct Prepared {
    /// The very bytes.
    pub body: Vec<u8>,
    /// Their SHA-256, in hex: a repeat must have the same.
    pub digest: String,
}

/// One partner, in its own protocol.
#[async_trait]
pub trait Partner: Send + Sync {
    /// Which.
    fn id(&self) -> &PartnerId;

    /// The bytes that an order becomes: the same for the same order, always.
    fn prepare(&self, order: &Order) -> Prepared;

    /// Asks for value. No byte leaves after `deadline`, and an answer is awaited no longer than
    /// shortly after it.
    async fn issue(&self, order: &Order, deadline: Instant) -> Outcome;

    /// Asks what became of an order, by our reference.
    async fn look_up(&self, order: &Order, deadline: Instant) -> LookUp;

    /// Asks what is left on a voucher.
    ///
    /// # Errors
    /// A code, when the partner does not say.
    async fn balance(&self, voucher_id: &str, deadline: Instant) -> Result<Balance, &'static str>;

    /// Reads a webhook's body whose signature was good.
    ///
    /// # Errors
    /// [`UnreadableNotice`], when it is not what the protocol documents.
    fn read_notice(&self, body: &[u8]) -> Result<Notice, UnreadableNotice>;
}

/// What is left on a voucher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balance {
    /// How much.
    pub remaining: Amount,
    /// Of what.
    pub currency: Currency,
    /// When the partner looked.
    pub as_of: DateTime<Utc>,
}

/// What a partner tells us of its own accord.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of the published webhooks")]
pub enum Notice {
    /// Value was spent.
    VoucherRedeemed {
        voucher_id: String,
        redemption_id: String,
        amount: Amount,
        remaining: Amount,
        redeemed_at: DateTime<Utc>,
    },
    /// A redemption was undone.
    RedemptionReversed {
        voucher_id: String,
        redemption_id: String,
        amount: Amount,
        remaining: Amount,
        at: DateTime<Utc>,
    },
    /// A voucher was issued. Evidence; it never creates value.
    VoucherIssued { reference: String, voucher_id: String },
    /// A voucher's last day is over.
    VoucherExpired { voucher_id: String, expired_at: DateTime<Utc>, unspent: Amount },
    /// A bill was made out.
    BillGenerated { account: String, bill_id: String, amount: Amount, due_on: NaiveDate },
    /// A credit has arrived.
    CreditApplied { credit_id: String, reference: String, applied_at: DateTime<Utc> },
    /// A payment was received.
    PaymentReceived { account: String, payment_id: String, amount: Amount, at: DateTime<Utc> },
    /// A float runs low.
    FloatLow { balance: Amount, threshold: Amount, at: DateTime<Utc> },
    /// An account runs low.
    AccountLow { account: String, balance: Amount, threshold: Amount, at: DateTime<Utc> },
    /// Something else; kept and shown.
    Unknown { kind: String },
}

/// A body that is not what the protocol documents.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the notice is not as documented: {what}")]
pub struct UnreadableNotice {
    /// What is wrong, without the body's text.
    pub what: String,
}
