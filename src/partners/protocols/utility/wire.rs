//! Their JSON: orders of bill credits out, credits and notices of them in.
//!
//! *What stands on the bill*: whoever opens the letter reads the note. So it is two neutral words,
//! the same for everybody, and says nothing of recovery, of a programme, or of us. The reason is a
//! code that asks the partner not to pay the credit out in money.
//!
//! Rows: P3, W1, C1.

use domain::money::{Amount, Currency};
use domain::reward::CreditState;
use secrecy::ExposeSecret;
use serde::Serialize;

use crate::partners::calls::Answer;
use crate::partners::outcome::Accepted;
use crate::partners::partner::{Notice, Order, UnreadableNotice};
use crate::partners::protocols::speaker::Dialect;
use crate::partners::protocols::{notices, values};

/// What the customer reads on the bill.
pub(super) const CUSTOMER_NOTE: &str = "Account credit";
/// Why, for the partner's own books.
pub(super) const REASON: &str = "third_party_credit_no_refund";

/// An order of a bill credit. These seven fields are all that ever leaves.
#[derive(Serialize)]
struct CreditOrder<'a> {
    reference: &'a str,
    product: &'a str,
    account_number: &'a str,
    amount: Amount,
    currency: Currency,
    reason: &'static str,
    customer_note: &'static str,
}

/// An energy or phone company's way of speaking.
pub struct Utility;

impl Dialect for Utility {
    fn place(_: &str) -> &'static str {
        "credits"
    }

    fn takes_back(_: &str) -> bool {
        false
    }

    fn body(order: &Order) -> Vec<u8> {
        let order = CreditOrder {
            reference: &order.reference,
            product: &order.product,
            account_number: order.account.as_ref().map_or("", |number| number.expose_secret()),
            amount: order.amount,
            currency: order.currency,
            reason: REASON,
            customer_note: CUSTOMER_NOTE,
        };
        serde_json::to_vec(&order).expect("plain fields")
    }

    fn accepted(answer: &Answer, order: &Order) -> Result<Accepted, &'static str> {
        values::credit(answer, order)
    }

    fn read_notice(body: &[u8]) -> Result<Notice, UnreadableNotice> {
        let kinds = &[notices::OF_CREDITS, notices::OF_BILLS];
        notices::read(body, kinds, Some(CreditState::OnBill))
    }
}
