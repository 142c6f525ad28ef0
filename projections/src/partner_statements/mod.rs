//! What do partners' statements say, beside what we recorded?
//!
//! | table | what is in it |
//! | --- | --- |
//! | `statement_movements` | our movements at each partner, and the line that speaks of each |
//! | `partner_statements` | the statements |
//! | `statement_matchings` | since when how many of a statement's lines agree |
//! | `statement_breaks` | what differs, who looks into it, and how it ended |
//! | `statement_break_notes` | since when somebody looks into it, and what they wrote |
//! | `statement_zones` | in which zone a partner's days begin |
//!
//! A movement of ours is *expected* until a line speaks of it. What is overdue is a break of the
//! statement by which it should have come, and may still be matched by a later line.

pub mod lists;
mod movements;
mod project;
pub mod query;

pub use movements::{MovementRow, movement_of};
pub use project::{NAME, PartnerStatements};
