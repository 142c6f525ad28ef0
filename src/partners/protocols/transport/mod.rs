//! Top-ups of transport cards, and fuel vouchers by brand: ordered, looked up by our reference; a
//! top-up is followed until it is on the card, and a linked card is asked for its balance and
//! trips.
//!
//! The balance that counts is on the card itself: a top-up waits until the card is shown to a
//! reader, and goes back when that does not happen in time.
//!
//! - [`wire`]: their JSON
//! - `openapi.json`: the same for a partner's engineer, published by the server

#[cfg(test)]
mod tests;
mod wire;

pub(super) use wire::Transport;

/// The protocol as a partner's engineer implements it.
pub const OPENAPI: &str = include_str!("openapi.json");
/// What can be asked in it.
pub const CAPABILITIES: &[&str] =
    &["transport_credits", "fuel_vouchers", "balance_check", "travel_history", "top_up_history"];
