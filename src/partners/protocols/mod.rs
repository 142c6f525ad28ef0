//! Which protocols are spoken? A folder each: their bytes and their published document.
//!
//! All of them are spoken by one [`speaker`], so that what an answer means is decided in one place:
//! [`answers`] for calls, [`notices`] for webhooks. A protocol says where orders go, what they hold
//! and how a yes reads. [`dialect`] has the same for whoever tries a partner's API from outside.

mod answers;
#[cfg(test)]
mod conformance;
mod dialect;
mod notices;
pub mod retail;
mod speak;
mod speaker;
pub mod support;
pub mod transport;
pub mod utility;
mod values;

pub(crate) use answers::body;
pub(crate) use dialect::{Dialect, dialect, error_code, tells, verdict};
pub use speak::{capabilities_of, speak};

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
pub const PUBLISHED: &[Published] = &[
    Published {
        name: "Partners: retail",
        address: "/docs/protocols/retail.json",
        document: retail::OPENAPI,
    },
    Published {
        name: "Partners: utility",
        address: "/docs/protocols/utility.json",
        document: utility::OPENAPI,
    },
    Published {
        name: "Partners: transport",
        address: "/docs/protocols/transport.json",
        document: transport::OPENAPI,
    },
    Published {
        name: "Support services: referrals",
        address: "/docs/protocols/support.json",
        document: support::OPENAPI,
    },
];
