//! What does a partner's daily statement say, and can it be trusted to be whole?
//!
//! ```text
//! H,ANCHOR-RECON,1,woolworths,2026-11-22,0001,AUD,2026-11-23T01:10:00Z
//! D,1,ISSUE,MFRGGZDFMZTWQ2LK,WO000001123,2026-11-22T03:14:07Z,2026-11-22,2000,0,AUD,
//! T,1,ISSUE:1:2000,2000,SHA256:<hex of all bytes above>
//! ```
//!
//! - [`parse`]: all of a good file, or every [`Fault`] of a bad one with its line and code; in CSV,
//!   or the same as JSON ([`json`])
//! - [`PartnerStatement`], [`Heading`]: what a good one says; the heading, of a bad one too
//! - [`Fault`], [`FaultCode`]: what is wrong, by a stable code
//!
//! - [`parse_bank`], [`BankFile`], [`BankLine`]: likewise of what our own bank says
//!
//! *Why so strict*: a statement decides whether money is missing. One that was cut, edited or
//! mixed up must be refused whole, and whoever sent it must learn everything that is wrong with it
//! at once. A statement has three safeguards that each catch what the others let through: numbered
//! lines, totals for each type, and a digest of every byte.
//!
//! *A leaf*: nothing is asked of a network, a clock or a database. Whether the file is the one that
//! was asked for (whose, which day, which sequence, which references) is the caller's to compare:
//! [`PartnerStatement::is_of`].
//!
//! Rows: A2.

mod bank;
#[cfg(test)]
mod bank_tests;
mod fault;
mod fields;
mod json;
#[cfg(test)]
mod json_tests;
mod read;
#[cfg(test)]
mod tests;

pub use bank::{BankFile, BankLine, parse_bank};
pub use fault::{Fault, FaultCode};
pub use read::{Faulty, Heading, LARGEST, PartnerStatement, parse, partner_named};
