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
//! An unknown outcome posts nothing: the amount stays in clearing and ages there.

mod postings;
mod project;
#[cfg(test)]
mod tests;

pub use postings::{Posting, business_day, postings_of};
pub use project::{Journal, NAME};
