//! Their JSON: orders of top-ups and fuel vouchers out, what was given and notices of it in.
//!
//! Rows: P4, W1, C1.

use domain::money::{Amount, Currency};
use domain::reward::{CreditState, ValueKind};
use secrecy::ExposeSecret;
use serde::Serialize;

use crate::partners::calls::Answer;
use crate::partners::outcome::Accepted;
use crate::partners::partner::{Notice, Order, UnreadableNotice};
use crate::partners::protocols::speaker::Dialect;
use crate::partners::protocols::{notices, values};

/// An order of a top-up. These five fields are all that ever leaves.
#[derive(Serialize)]
struct TopUpOrder<'a> {
    reference: &'a str,
    product: &'a str,
    account_number: &'a str,
    amount: Amount,
    currency: Currency,
}

/// A transport operator's way of speaking.
pub struct Transport;

impl Dialect for Transport {
    fn place(capability: &str) -> &'static str {
        match capability {
            "fuel_vouchers" => "fuel-vouchers",
            _ => "top-ups",
        }
    }

    fn takes_back(_: &str) -> bool {
        false
    }

    fn body(order: &Order) -> Vec<u8> {
        if order.kind == ValueKind::Voucher {
            return values::VoucherOrder::bytes(order);
        }
        let order = TopUpOrder {
            reference: &order.reference,
            product: &order.product,
            account_number: order.account.as_ref().map_or("", |number| number.expose_secret()),
            amount: order.amount,
            currency: order.currency,
        };
        serde_json::to_vec(&order).expect("plain fields")
    }

    fn accepted(answer: &Answer, order: &Order) -> Result<Accepted, &'static str> {
        match order.kind {
            ValueKind::Voucher => values::voucher(answer, order),
            ValueKind::Credit => values::credit(answer, order),
        }
    }

    fn read_notice(body: &[u8]) -> Result<Notice, UnreadableNotice> {
        let kinds = &[notices::OF_CREDITS, notices::OF_VOUCHERS];
        notices::read(body, kinds, Some(CreditState::Loaded))
    }
}
