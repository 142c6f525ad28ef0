//! Where is every cent? A double-entry journal, derived from events alone.
//!
//! Table `journal`: a posting is one debit and one credit of the same amount, so debits equal
//! credits by the shape of the row. Two times: when it was recorded, and the business day it
//! belongs to.
//!
//! | event | prepaid | paid on redemption | partner-funded |
//! | --- | --- | --- | --- |
//! | reached | expenses → committed | the same | the same, in kind |
//! | requested | committed → clearing | the same | the same |
//! | refused | clearing → committed | the same | the same |
//! | issued | clearing → float; memo | clearing → outstanding | clearing → outstanding |
//! | spent | memo | outstanding → payable | outstanding → contributions |
//! | reversed | the opposite | the opposite | the opposite |
//! | expired | memo | outstanding → breakage | outstanding → contributions |
//! | expiry undone | the opposite | the opposite | the opposite |
//! | voided | float → committed; memo | outstanding → committed | outstanding → committed |
//!
//! What passes between us and a partner beside rewards has a table in `settled`: lines of our
//! bank's, and what is set aside to `suspense:recon:N` where the books go on with a partner's word.
//!
//! Table `journal_zones`: in which zone a partner's days begin. [`Book`] is the same as a pure fold
//! over events, for reports; [`Checks`] says whether what must hold of it does.
//!
//! An unknown outcome posts nothing: the amount stays in clearing and ages there.

mod book;
#[cfg(test)]
mod book_tests;
mod checks;
mod grant;
mod moves;
mod postings;
mod project;
pub mod query;
mod settled;
#[cfg(test)]
mod tests;
mod zones;

pub use book::{Balance, Balances, Book, Calendar, Closure, Entry, Unbalanced, View, balance};
pub use checks::{Check, Checks};
pub use moves::{Move, holds_value};
pub use postings::{Posting, postings_of};
pub use project::{Journal, NAME};
pub use zones::Zones;
