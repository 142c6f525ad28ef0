//! How does one field read? Exactly one way each, so that a file has one meaning.
//!
//! Rows: A2.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

/// Fifteen digits of cents: far beyond any amount, far within an `i64`, however many are summed.
const MOST_DIGITS: usize = 15;

/// `2026-11-22`
pub(super) fn date(text: &str) -> Option<NaiveDate> {
    let is_shaped = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| is_shaped)
}

/// `2026-11-22T03:14:07Z`
pub(super) fn instant(text: &str) -> Option<DateTime<Utc>> {
    let plain = text.strip_suffix('Z').filter(|plain| plain.len() == 19)?;
    NaiveDateTime::parse_from_str(plain, "%Y-%m-%dT%H:%M:%S").ok().map(|time| time.and_utc())
}

/// Whole cents: `2000`, `-1250`, `0`; no plus, no leading zero, no minus nothing.
pub(super) fn cents(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_number =
        (1..=MOST_DIGITS).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let is_plain = digits == "0" && text == "0" || !digits.starts_with('0');
    text.parse().ok().filter(|_| is_number && is_plain)
}

/// A count or a line's number: digits without a leading zero.
pub(super) fn count(text: &str) -> Option<usize> {
    cents(text).and_then(|number| usize::try_from(number).ok())
}

/// `SHA256:` and 64 digits.
pub(super) fn digest(text: &str) -> Option<[u8; 32]> {
    let digits = text.strip_prefix("SHA256:").filter(|digits| digits.len() == 64)?;
    hex::decode(digits).ok()?.try_into().ok()
}
