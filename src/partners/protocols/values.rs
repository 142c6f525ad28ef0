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
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::answers::body;
use crate::partners::calls::Answer;
use crate::partners::outcome::{Accepted, NewCredit, NewVoucher};
use crate::partners::partner::Order;

const LONGEST_ID: usize = 100;

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
    voucher_id: String,
    reference: String,
    product: String,
    code: SecretString,
    pin: Option<SecretString>,
    barcode: Option<SecretString>,
    amount: Amount,
    currency: Currency,
    expires_on: Option<NaiveDate>,
    issued_at: DateTime<Utc>,
}

/// A credit as the partner gives it.
#[derive(Debug, Deserialize)]
struct CreditIn {
    credit_id: String,
    reference: String,
    product: String,
    amount: Amount,
    currency: Currency,
    accepted_at: DateTime<Utc>,
}

/// The voucher of an answer, if it is what was ordered.
pub(super) fn voucher(answer: &Answer, order: &Order) -> Result<Accepted, &'static str> {
    let got: VoucherIn = body(answer)?;
    as_ordered(order, (got.amount, got.currency), (&got.reference, &got.product))?;
    if !is_id(&got.voucher_id) || got.code.expose_secret().is_empty() {
        return Err("unreadable_answer");
    }
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
    if !is_id(&got.credit_id) {
        return Err("unreadable_answer");
    }
    Ok(Accepted::Credit(NewCredit {
        credit_id: got.credit_id,
        amount: got.amount,
        currency: got.currency,
        applied_at: got.accepted_at,
        response_digest: answer.digest(),
    }))
}

fn is_id(id: &str) -> bool {
    (1..=LONGEST_ID).contains(&id.len()) && id.chars().all(|c| c.is_ascii_graphic())
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
