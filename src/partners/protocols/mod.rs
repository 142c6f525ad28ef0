//! Which protocols are spoken? A folder each: their calls, their JSON, their published document.

pub mod retail;
mod speak;

pub use speak::speak;

/// A protocol as it is published for partners' engineers.
#[derive(Debug, Clone, Copy)]
pub struct Published {
    /// How it is listed.
    pub name: &'static str,
    /// Where this server has it.
    pub address: &'static str,
    /// The OpenAPI document.
    pub document: &'static str,
}

/// Every protocol's published document.
pub const PUBLISHED: &[Published] = &[Published {
    name: "Partners: retail",
    address: "/docs/protocols/retail.json",
    document: retail::OPENAPI,
}];
