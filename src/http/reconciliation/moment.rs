//! Of which moment is an answer? `as_of` in an address: a time, or a position.
//!
//! Rows: A4, Q2.

use chrono::DateTime;
use domain::ids::Position;
use projections::as_of::AsOf;

use crate::http::problem::{Code, Problem};

/// What `as_of` says; now when it is absent.
///
/// # Errors
/// `invalid_query` for anything else: it is never taken for now.
pub(super) fn as_of(text: Option<&str>) -> Result<AsOf, Problem> {
    let Some(text) = text else { return Ok(AsOf::Now) };
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(position) = text.parse().ok().filter(|_| is_number) {
        return Ok(AsOf::Position(Position(position)));
    }
    let time = DateTime::parse_from_rfc3339(text).map(|time| AsOf::Time(time.to_utc()));
    time.map_err(|_| {
        Problem::new(Code::InvalidQuery)
            .detail("`as_of` is a time such as 2026-11-22T09:00:00Z, or a position.")
    })
}
