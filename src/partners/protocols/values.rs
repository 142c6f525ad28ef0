//! What does an order hold, and how does a yes read? Vouchers and credits are the same in every
//! protocol that has them.
//!
//! Amounts are decimal strings. Unknown fields are passed over, so that a partner may add some; an
//! amount, currency, reference or product that was not ordered means that something may exist which
//! was not asked for.
//!
//! Rows: P2, P3, P4, D4, C1.

use chrono::{DateTime, NaiveDate, Utc};
use domain::money::{Amount, Currency};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::answers::body;
use crate::partners::calls::Answer;
use crate::partners::outcome::{Accepted, NewCredit, NewVoucher};
use crate::partners::partner::Order;
use crate::partners::received;

/// An order of a voucher. These four fields are all that ever leaves.
#[derive(Debug, Serialize)]
pub(super) struct VoucherOrder<'a> {
    reference: &'a str,
    product: &'a str,
    amount: Amount,
    currency: Currency,
}

impl<'a> VoucherOrder<'a> {
    /// What of an order leaves.
    pub fn of(order: &'a Order) -> Self {
        Self {
            reference: &order.reference,
            product: &order.product,
            amount: order.amount,
            currency: order.currency,
        }
    }

    /// As bytes.
    pub fn bytes(order: &'a Order) -> Vec<u8> {
        serde_json::to_vec(&Self::of(order)).expect("four plain fields")
    }
}

/// A voucher as the partner gives it.
#[derive(Debug, Deserialize)]
struct VoucherIn {
    #[serde(deserialize_with = "received::id")]
    voucher_id: String,
    #[serde(deserialize_with = "received::id")]
    reference: String,
    #[serde(deserialize_with = "received::id")]
    product: String,
    #[serde(deserialize_with = "received::secret")]
    code: SecretString,
    #[serde(default, deserialize_with = "received::maybe_secret")]
    pin: Option<SecretString>,
    #[serde(default, deserialize_with = "received::maybe_secret")]
    barcode: Option<SecretString>,
    amount: Amount,
    currency: Currency,
    #[serde(default, deserialize_with = "received::maybe_date")]
    expires_on: Option<NaiveDate>,
    #[serde(deserialize_with = "received::instant")]
    issued_at: DateTime<Utc>,
}

/// A credit as the partner gives it.
#[derive(Debug, Deserialize)]
struct CreditIn {
    #[serde(deserialize_with = "received::id")]
    credit_id: String,
    #[serde(deserialize_with = "received::id")]
    reference: String,
    #[serde(deserialize_with = "received::id")]
    product: String,
    amount: Amount,
    currency: Currency,
    #[serde(deserialize_with = "received::instant")]
    accepted_at: DateTime<Utc>,
}

/// The voucher of an answer, if it is what was ordered.
pub(super) fn voucher(answer: &Answer, order: &Order) -> Result<Accepted, &'static str> {
    let got: VoucherIn = body(answer)?;
    as_ordered(order, (got.amount, got.currency), (&got.reference, &got.product))?;
    Ok(Accepted::Voucher(NewVoucher {
        voucher_id: got.voucher_id,
        code: got.code,
        pin: got.pin,
        barcode: got.barcode,
        amount: got.amount,
        currency: got.currency,
        expires_on: got.expires_on,
        issued_at: got.issued_at,
        response_digest: answer.digest(),
    }))
}

/// The credit of an answer, if it is what was ordered.
pub(super) fn credit(answer: &Answer, order: &Order) -> Result<Accepted, &'static str> {
    let got: CreditIn = body(answer)?;
    as_ordered(order, (got.amount, got.currency), (&got.reference, &got.product))?;
    Ok(Accepted::Credit(NewCredit {
        credit_id: got.credit_id,
        amount: got.amount,
        currency: got.currency,
        applied_at: got.accepted_at,
        response_digest: answer.digest(),
    }))
}

fn as_ordered(
    order: &Order,
    (amount, currency): (Amount, Currency),
    (reference, product): (&str, &str),
) -> Result<(), &'static str> {
    if amount != order.amount || currency != order.currency {
        return Err("amount_differs");
    }
    if reference != order.reference || product != order.product {
        return Err("reference_differs");
    }
    Ok(())
}
