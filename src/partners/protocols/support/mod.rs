//! Services where people help people: listed with their help lines, and told, with consent, whom to
//! get in touch with. No value moves here.
//!
//! - [`wire`]: their JSON
//!
//! The published document is `openapi.json`, served at `/docs/protocols/support.json`.

#[cfg(test)]
mod tests;
mod wire;

pub(super) use wire::Support;

/// What can be asked in it.
pub const CAPABILITIES: &[&str] = &["directory", "referrals"];

/// What their engineers read.
pub const OPENAPI: &str = include_str!("openapi.json");
