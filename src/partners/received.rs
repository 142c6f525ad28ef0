//! What of a partner's words is let in? Short printable text, times of this and the next century.
//!
//! *Why here and so strict*: what is let in becomes an event, and an event is read for ever by
//! everything. A zero byte or a year that the database cannot hold would stop every read model.
//!
//! Rows: W6, P9. Cases: C27.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use domain::ids::is_partners_id;
use secrecy::{ExposeSecret, SecretString};
use serde::de::Error;
use serde::{Deserialize, Deserializer};

const LONGEST_SECRET: usize = 500;
const LONGEST_CODE: usize = 64;
const YEARS: std::ops::Range<i32> = 2000..2200;

/// An id of theirs: 1 to 100 visible ASCII characters, and not dots alone.
pub(super) fn id<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    let is_id = is_partners_id(&text) && !matches!(text.as_str(), "." | "..");
    is_id.then_some(text).ok_or_else(|| D::Error::custom("an id is 1 to 100 visible characters"))
}

/// What is spent: 1 to 500 printable ASCII characters.
pub(super) fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<SecretString, D::Error> {
    let text = SecretString::deserialize(from)?;
    let clear = text.expose_secret();
    let is_line = (1..=LONGEST_SECRET).contains(&clear.len())
        && clear.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    is_line.then_some(text).ok_or_else(|| D::Error::custom("a code is one line"))
}

/// The same, or none.
pub(super) fn maybe_secret<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<SecretString>, D::Error> {
    #[derive(Deserialize)]
    struct Line(#[serde(deserialize_with = "secret")] SecretString);
    Ok(Option::<Line>::deserialize(from)?.map(|Line(text)| text))
}

/// A code of an error: 1 to 64 of a-z, 0-9 and `_`, as published.
pub(super) fn code<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let is_code = (1..=LONGEST_CODE).contains(&text.len()) && text.bytes().all(is_plain);
    is_code.then_some(text).ok_or_else(|| D::Error::custom("a code is a short word"))
}

/// An instant.
pub(super) fn instant<'de, D: Deserializer<'de>>(from: D) -> Result<DateTime<Utc>, D::Error> {
    let instant = DateTime::<Utc>::deserialize(from)?;
    let is_sane = YEARS.contains(&instant.year());
    is_sane.then_some(instant).ok_or_else(|| D::Error::custom("a time from 2000 to 2199"))
}

/// A date, or none.
pub(super) fn maybe_date<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<NaiveDate>, D::Error> {
    let date = Option::<NaiveDate>::deserialize(from)?;
    let is_sane = date.is_none_or(|date| YEARS.contains(&date.year()));
    is_sane.then_some(date).ok_or_else(|| D::Error::custom("a date from 2000 to 2199"))
}
