//! Money between us and a partner, as our bank says: what was paid to it, and what came from it.
//!
//! One stream for each line of a bank's, by the bank's own id of it: the same line again changes
//! nothing, the same id with other facts is refused. A line is a fact of the bank's; a wrong one is
//! put right by the bank with a further line.
//!
//! Rows: A1, A2.

mod aggregate;
mod event;
#[cfg(test)]
mod tests;

pub use aggregate::{RecordSettlement, Settlement, SettlementError, is_bank_reference};
pub use event::{Direction, SettlementEvent, SettlementRecorded};
