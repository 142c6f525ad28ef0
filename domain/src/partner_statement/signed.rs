//! How do cents of either sign stand in an event? As every amount: a decimal string, `-0.50`.
//!
//! Rows: A2.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
pub(super) fn is_nothing(cents: &i64) -> bool {
    *cents == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
pub(super) fn serialize<S: Serializer>(cents: &i64, to: S) -> Result<S::Ok, S::Error> {
    Decimal::new(*cents, 2).to_string().serialize(to)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    let text = String::deserialize(from)?;
    let amount: Decimal = text.parse().map_err(serde::de::Error::custom)?;
    let cents = amount.checked_mul(Decimal::ONE_HUNDRED).filter(|cents| cents.fract().is_zero());
    let cents = cents.and_then(|cents| cents.to_i64());
    cents.ok_or_else(|| serde::de::Error::custom("an amount has whole cents"))
}
