//! Their JSON: no value is ordered here, so whatever looks like a yes to an order is none.
//!
//! Rows: P5, C1.

use crate::partners::calls::Answer;
use crate::partners::outcome::Accepted;
use crate::partners::partner::{Notice, Order, UnreadableNotice};
use crate::partners::protocols::notices;
use crate::partners::protocols::speaker::Dialect;

/// A support service's way of speaking.
pub struct Support;

impl Dialect for Support {
    fn place(_: &str) -> &'static str {
        "referrals"
    }

    fn takes_back(_: &str) -> bool {
        false
    }

    fn body(_: &Order) -> Vec<u8> {
        b"{}".to_vec()
    }

    fn accepted(_: &Answer, _: &Order) -> Result<Accepted, &'static str> {
        Err("nothing_is_issued_here")
    }

    fn read_notice(body: &[u8]) -> Result<Notice, UnreadableNotice> {
        notices::read(body, &[], None)
    }
}
