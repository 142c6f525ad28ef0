//! What may be asked of a partner account.

use chrono::{DateTime, NaiveDate, Utc};

use crate::ids::{MemberId, PartnerId};
use crate::money::{Amount, Currency};
use crate::sealed::{AccountNumber, Sealed, SecurityCode};

/// A wish concerning a partner account. Fields are named as in the event that follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of the event that follows")]
pub enum PartnerAccountCommand {
    /// The member asks to link it.
    RequestLink {
        member_id: MemberId,
        partner_id: PartnerId,
        link_number: u32,
        account_type: String,
        account_number: Sealed<AccountNumber>,
        account_masked: String,
        account_tag: String,
        security_code: Option<Sealed<SecurityCode>>,
        scope: Option<String>,
    },
    /// The partner knows it.
    Link,
    /// The partner confirmed that it is the member's.
    Verify,
    /// The partner said no.
    Refuse { why: String },
    /// The member has to agree once more.
    NeedRelink { why: String },
    /// The link ends.
    Unlink { why: String },
    /// The partner made out a bill.
    RecordBill {
        bill_id: String,
        amount: Amount,
        currency: Currency,
        due_on: NaiveDate,
        at: DateTime<Utc>,
    },
    /// The partner received a payment.
    RecordPayment { payment_id: String, amount: Amount, currency: Currency, at: DateTime<Utc> },
    /// The balance is low.
    RecordLowBalance { balance: Amount, threshold: Amount, currency: Currency, at: DateTime<Utc> },
}
