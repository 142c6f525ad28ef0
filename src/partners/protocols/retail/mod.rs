//! Vouchers from shops: ordered, looked up by our reference, asked for their balance.
//!
//! - [`calls`]: what is asked, and what each answer means
//! - [`wire`]: their JSON
//! - `openapi.json`: the same for a partner's engineer, published by the server

mod calls;
#[cfg(test)]
mod tests;
pub mod wire;

pub use calls::Retail;

/// The protocol as a partner's engineer implements it.
pub const OPENAPI: &str = include_str!("openapi.json");
