//! Vouchers and gift cards from shops: ordered, looked up by our reference, asked for their
//! balance; a card that a member linked is asked for what was spent of it.
//!
//! - [`wire`]: their JSON
//! - `openapi.json`: the same for a partner's engineer, published by the server

#[cfg(test)]
mod tests;
mod wire;

pub(super) use wire::Retail;

/// The protocol as a partner's engineer implements it.
pub const OPENAPI: &str = include_str!("openapi.json");
/// What can be asked in it.
pub const CAPABILITIES: &[&str] =
    &["vouchers", "gift_cards", "balance_check", "transaction_history"];
