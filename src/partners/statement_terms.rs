//! What is agreed with a partner about its daily statement?
//!
//! Rows: A2, P10.

use domain::partner_statement::Terms;
use serde::Deserialize;

/// What is agreed with a partner about its daily statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StatementTerms {
    /// After so many days a movement that no statement speaks of is overdue.
    pub overdue_after_days: u32,
    /// So many hours after the end of the partner's day its statement is written.
    pub ready_after_hours: u32,
    /// By how many cents an amount may differ.
    pub off_by_cents: i64,
    /// By how many days a business date may.
    pub off_by_days: i64,
    /// The last column of a use is the id of that use, and not a place.
    pub names_uses: bool,
}

impl Default for StatementTerms {
    fn default() -> Self {
        Self {
            overdue_after_days: 3,
            ready_after_hours: 2,
            off_by_cents: 0,
            off_by_days: 0,
            names_uses: false,
        }
    }
}

impl StatementTerms {
    /// As the comparison wants it.
    #[must_use]
    pub fn terms(&self) -> Terms {
        Terms {
            off_by_cents: self.off_by_cents,
            off_by_days: self.off_by_days,
            names_uses: self.names_uses,
        }
    }
}
