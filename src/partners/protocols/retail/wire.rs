//! Their JSON: orders of vouchers and gift cards out, vouchers and notices of them in.
//!
//! Rows: P2, W1, C1.

use crate::partners::calls::Answer;
use crate::partners::outcome::Accepted;
use crate::partners::partner::{Notice, Order, UnreadableNotice};
use crate::partners::protocols::speaker::Dialect;
use crate::partners::protocols::{notices, values};

/// A shop's way of speaking.
pub struct Retail;

impl Dialect for Retail {
    fn place(capability: &str) -> &'static str {
        match capability {
            "gift_cards" => "gift-cards",
            _ => "vouchers",
        }
    }

    fn takes_back(place: &str) -> bool {
        place == "vouchers"
    }

    fn body(order: &Order) -> Vec<u8> {
        values::VoucherOrder::bytes(order)
    }

    fn accepted(answer: &Answer, order: &Order) -> Result<Accepted, &'static str> {
        values::voucher(answer, order)
    }

    fn read_notice(body: &[u8]) -> Result<Notice, UnreadableNotice> {
        notices::read(body, &[notices::OF_VOUCHERS], None)
    }
}
