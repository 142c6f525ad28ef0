//! Can a support service issue value? It cannot.
//!
//! Rows: P5.

use super::wire::Support;
use crate::partners::partner::Notice;
use crate::partners::protocols::speaker::Dialect;

#[test]
fn nothing_a_support_service_tells_moves_value() {
    for kind in ["voucher.redeemed", "credit.applied", "bill.generated", "balance.low"] {
        let body = format!(
            "{{\"type\":\"{kind}\",\"timestamp\":\"2026-11-24T03:00:00Z\",\"data\":{{}}}}"
        );
        let read = Support::read_notice(body.as_bytes());
        assert_eq!(read, Ok(Notice::Unknown { kind: kind.to_owned() }));
    }
}
