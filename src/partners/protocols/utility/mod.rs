//! Credits on energy and phone bills: ordered for a member's account, looked up by our reference,
//! followed until they stand on a bill; an account that a member linked is asked for what is owed.
//!
//! - [`wire`]: their JSON
//! - `openapi.json`: the same for a partner's engineer, published by the server

#[cfg(test)]
mod tests;
mod wire;

pub(super) use wire::Utility;

/// The protocol as a partner's engineer implements it.
pub const OPENAPI: &str = include_str!("openapi.json");
/// What can be asked in it.
pub const CAPABILITIES: &[&str] =
    &["bill_credits", "account_balance", "billing_history", "credit_history"];
