//! What can every partner be asked? The interface that processes and edges know.
//!
//! Rows: P10, C1.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::{PartnerId, ReferralId};
use domain::money::{Amount, Currency};
use domain::reward::{CreditState, ValueKind};
use secrecy::SecretString;
use serde::Deserialize;
use uuid::Uuid;

use super::outcome::{LookUp, Outcome, Voided};
use super::question::{Told, Topic};

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

/// A voucher that is to be taken back.
#[derive(Debug, Clone)]
pub struct VoucherToVoid {
    /// The same for every repeat.
    pub idempotency_key: Uuid,
    /// The product it was ordered as.
    pub product: String,
    /// The partner's own id of it.
    pub voucher_id: String,
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

    /// Asks for value. No byte leaves after `deadline`, and no answer is awaited longer.
    async fn issue(&self, order: &Order, deadline: Instant) -> Outcome;

    /// Asks what became of an order, by our reference.
    async fn look_up(&self, order: &Order, deadline: Instant) -> LookUp;

    /// Asks whether an account is whose it is said to be.
    async fn verify(&self, account: &AccountClaim, deadline: Instant) -> Verdict;

    /// Asks about a member's account.
    ///
    /// # Errors
    /// [`NotTold`], when the partner does not say.
    async fn ask(
        &self,
        account: &AccountClaim,
        topic: Topic,
        deadline: Instant,
    ) -> Result<Told, NotTold>;

    /// Puts a member in touch with a support service. The same id is taken once, however often it
    /// is passed on.
    async fn refer(&self, referral: &Referral, deadline: Instant) -> Referred;

    /// Asks what is left on a voucher.
    ///
    /// # Errors
    /// [`NotTold`], when the partner does not say.
    async fn voucher_balance(
        &self,
        product: &str,
        voucher_id: &str,
        deadline: Instant,
    ) -> Result<Balance, NotTold>;

    /// Asks to take back what is left on a voucher. The same answer for every repeat.
    async fn void(&self, voucher: &VoucherToVoid, deadline: Instant) -> Voided;

    /// Asks for the statement of a day: the file as it is.
    ///
    /// # Errors
    /// [`NotTold`], when the partner does not hand one over.
    async fn statement(&self, day: NaiveDate, deadline: Instant) -> Result<Vec<u8>, NotTold>;

    /// Asks a question of no weight: whether anybody answers.
    async fn is_there(&self, deadline: Instant) -> bool;

    /// Reads a webhook's body whose signature was good.
    ///
    /// # Errors
    /// [`UnreadableNotice`], when it is not what the protocol documents.
    fn read_notice(&self, body: &[u8]) -> Result<Notice, UnreadableNotice>;
}

/// An account, and how the member shows that it is theirs.
#[derive(Debug, Clone)]
pub struct AccountClaim {
    /// Its number.
    pub number: SecretString,
    /// The code that goes with it; only for showing that it is theirs.
    pub security_code: Option<SecretString>,
    /// The member's own token, where they agreed at the partner: asked with in place of ours.
    pub grant: Option<SecretString>,
}

/// Whom a support service should get in touch with: no reason, and nothing else of theirs.
#[derive(Debug, Clone)]
pub struct Referral {
    /// Which; the key of every repeat.
    pub id: ReferralId,
    /// Where.
    pub email: SecretString,
    /// How they are addressed.
    pub name: Option<SecretString>,
}

/// What a service says of a referral.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Referred {
    /// It gets in touch.
    Taken {
        /// Its own id for it.
        partner_ref: String,
    },
    /// It does not.
    Refused {
        /// The service's documented code.
        code: String,
    },
    /// It did not say; pass it on again.
    NotSaid {
        /// A code.
        why: &'static str,
        /// What the service asked for.
        retry_after: Option<Duration>,
    },
}

/// What a partner says of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is theirs.
    Verified,
    /// It will say so later.
    Pending,
    /// It is not.
    Refused {
        /// The partner's documented code.
        code: String,
    },
    /// It did not say; ask again.
    NotSaid {
        /// A code.
        why: &'static str,
        /// What the partner asked for.
        retry_after: Option<Duration>,
    },
}

/// A partner did not tell, by a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the partner did not tell: {0}")]
pub struct NotTold(pub &'static str);

/// What is left on a voucher.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
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
    BillGenerated {
        account: String,
        bill_id: String,
        amount: Amount,
        due_on: NaiveDate,
        at: DateTime<Utc>,
    },
    /// A credit has arrived.
    CreditApplied {
        credit_id: String,
        reference: String,
        account: String,
        amount: Amount,
        state: Option<CreditState>,
        applied_at: DateTime<Utc>,
    },
    /// A credit has come further.
    CreditProgressed {
        credit_id: String,
        reference: String,
        state: CreditState,
        at: DateTime<Utc>,
    },
    /// A credit went back.
    CreditReturned {
        credit_id: String,
        reference: String,
        amount: Amount,
        why: String,
        returned_at: DateTime<Utc>,
    },
    /// A payment was received.
    PaymentReceived { account: String, payment_id: String, amount: Amount, at: DateTime<Utc> },
    /// A float runs low.
    FloatLow { balance: Amount, threshold: Amount, at: DateTime<Utc> },
    /// An account runs low.
    AccountLow { account: String, balance: Amount, threshold: Amount, at: DateTime<Utc> },
    /// Something else; kept and shown.
    Unknown { kind: String },
}

impl Notice {
    /// The voucher or credit it is about, by the partner's own id; an account's number never.
    #[must_use]
    pub fn about(&self) -> Option<&str> {
        match self {
            Self::VoucherRedeemed { voucher_id, .. }
            | Self::RedemptionReversed { voucher_id, .. }
            | Self::VoucherIssued { voucher_id, .. }
            | Self::VoucherExpired { voucher_id, .. } => Some(voucher_id),
            Self::CreditApplied { credit_id, .. }
            | Self::CreditProgressed { credit_id, .. }
            | Self::CreditReturned { credit_id, .. } => Some(credit_id),
            Self::BillGenerated { .. }
            | Self::PaymentReceived { .. }
            | Self::FloatLow { .. }
            | Self::AccountLow { .. }
            | Self::Unknown { .. } => None,
        }
    }
}

/// A body that is not what the protocol documents.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the notice is not as documented: {what}")]
pub struct UnreadableNotice {
    /// What is wrong, without the body's text.
    pub what: String,
}
