//! What does our bank say, and what is left of our floats?
//!
//! | table | what is in it |
//! | --- | --- |
//! | `settlements` | the bank's lines with each partner |
//! | `partner_funding` | who pays for what a partner gives, since when |
//! | `float_days` | by day in Sydney, what each float became more or less by then |
//!
//! A float is what the journal says of `assets:float:N`: paid in less taken out, less what was
//! issued, and what was voided. By days it is a few rows to sum up, so that it can be asked for
//! each second.
//!
//! [`sides`] gathers what each says, and [`three_way`] holds the bank's lines against the ledger
//! and against partners' statements.

mod project;
pub mod query;
pub mod sides;
pub mod three_way;
#[cfg(test)]
mod three_way_tests;

pub use project::{NAME, Settlements};
