//! Services where people help people: listed with their help lines. No value moves here.
//!
//! - [`wire`]: their JSON

#[cfg(test)]
mod tests;
mod wire;

pub(super) use wire::Support;

/// What can be asked in it.
pub const CAPABILITIES: &[&str] = &["directory"];
