//! Services where people help people: listed with their help lines; a referral, when the member
//! asks for one. No value moves here.
//!
//! - [`wire`]: their JSON
//! - `openapi.json`: the same for a partner's engineer, published by the server

#[cfg(test)]
mod tests;
mod wire;

pub(super) use wire::Support;

/// The protocol as a partner's engineer implements it.
pub const OPENAPI: &str = include_str!("openapi.json");
/// What can be asked in it.
pub const CAPABILITIES: &[&str] = &["directory", "referrals"];
