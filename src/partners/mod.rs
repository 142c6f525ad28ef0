//! Edge out: one interface over all partners.
//!
//! A partner is a file in `catalogue/` that says which protocol it speaks; a protocol is a folder
//! in `protocols/` that turns an [`Order`] into their bytes and their answers into an [`Outcome`].
//! A new partner that speaks a known protocol is one data file.
//!
//! - [`catalogue`], [`settings`], [`kept`]: who there is, and who is configured
//! - [`partner`]: the interface; [`registry`]: all of them
//! - [`statement_terms`]: what its daily statement is held to
//! - [`outcome`]: what an answer means: no answer is not a no
//! - [`calls`]: how bytes leave and come back, bounded in every way; [`connection`]: to one partner
//! - [`received`]: what of a partner's words is let in
//! - [`question`]: what can be asked of a member's account
//! - [`guard`]: breaker, pace and bulkhead around each
//! - [`oauth`]: tokens for calls: the programme's own, and members'
//! - [`signature`]: what makes a webhook theirs
//!
//! *Partners learn nothing about recovery*: an order is reference, product, amount and currency,
//! and there is no field for anything else.

pub(crate) mod calls;
pub mod catalogue;
mod connection;
pub mod guard;
pub mod kept;
pub mod oauth;
pub mod outcome;
pub mod partner;
pub mod protocols;
pub mod question;
mod received;
pub mod registry;
pub mod settings;
pub mod signature;
pub mod statement_terms;
#[cfg(test)]
mod tests;

pub use calls::{Timeouts, client, client_with};
pub use catalogue::{Catalogue, CatalogueEntry, CatalogueError};
pub use outcome::{Accepted, LookUp, NewCredit, NewVoucher, Outcome, Voided};
pub use partner::{
    AccountClaim, Balance, NotTold, Notice, Order, Partner, Prepared, Referral, Referred,
    UnreadableNotice, Verdict, VoucherToVoid,
};
pub use registry::Partners;
