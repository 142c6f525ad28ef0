//! What did the partner's answer mean? Five classes, and no answer is not a no.
//!
//! | what the caller saw | class |
//! | --- | --- |
//! | the connection was never made | deferred: nothing was sent |
//! | a documented "not processed" (429, 503) | deferred |
//! | a refusal with the documented error body | refused |
//! | 401 or 403 with it | not let in: a no to this call, and no word about an earlier one |
//! | good, and what was ordered | accepted |
//! | anything else once a byte may have left | unknown |
//!
//! *Unknown is a value that must be matched*, so nobody can take it for a refusal.
//!
//! Rows: D4.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use domain::money::{Amount, Currency};
use secrecy::SecretString;

/// How a call to issue ended.
#[derive(Debug)]
pub enum Outcome {
    /// The value exists.
    Accepted(Accepted),
    /// A definite no: nothing was issued under this key, and nothing will be.
    Refused {
        /// The partner's documented code.
        code: String,
        /// Whether it may say yes later.
        temporary: bool,
    },
    /// We were turned away at the door: this very call did nothing. Whether an earlier one under
    /// the same key did is not said.
    NotLetIn {
        /// The partner's documented code.
        code: String,
    },
    /// Surely not processed.
    Deferred {
        /// A code.
        why: &'static str,
        /// What the partner asked for.
        retry_after: Option<Duration>,
    },
    /// It may exist, or not.
    Unknown {
        /// A code.
        why: &'static str,
    },
}

/// What a partner gave.
#[derive(Debug)]
pub enum Accepted {
    /// A code to spend.
    Voucher(NewVoucher),
    /// Money on an account.
    Credit(NewCredit),
}

/// A voucher, its secrets in clear until the vault has them.
#[derive(Debug)]
pub struct NewVoucher {
    /// The partner's id of it.
    pub voucher_id: String,
    /// What is spent at the till.
    pub code: SecretString,
    /// The PIN, where there is one.
    pub pin: Option<SecretString>,
    /// What the scanner reads, where it is not the code.
    pub barcode: Option<SecretString>,
    /// Its face value.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// The last local day on which it can be spent.
    pub expires_on: Option<NaiveDate>,
    /// When it was issued, by the partner's clock.
    pub issued_at: DateTime<Utc>,
    /// SHA-256 of the answer, in hex.
    pub response_digest: String,
}

/// A credit that was accepted.
#[derive(Debug)]
pub struct NewCredit {
    /// The partner's id of it.
    pub credit_id: String,
    /// How much.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// When it was accepted, by the partner's clock.
    pub applied_at: DateTime<Utc>,
    /// SHA-256 of the answer, in hex.
    pub response_digest: String,
}

/// What a partner says when it is asked to take a voucher back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Voided {
    /// What was left on it can no longer be spent.
    TakenBack {
        /// How much that was.
        amount: Amount,
    },
    /// A definite no: the voucher stays as it is.
    Refused {
        /// The partner's documented code.
        code: String,
    },
    /// It may be taken back, or not: asked again under the same key.
    NotSaid {
        /// A code.
        why: &'static str,
        /// What the partner asked for.
        retry_after: Option<Duration>,
    },
}

/// What the partner knows under our reference.
#[derive(Debug)]
pub enum LookUp {
    /// The value exists.
    Found(Accepted),
    /// It knows of nothing. By itself not a no: our call may still be under way.
    NotFound,
    /// It did not say.
    Unknown {
        /// A code.
        why: &'static str,
    },
}
