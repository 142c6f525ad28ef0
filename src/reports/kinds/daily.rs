//! A day: every posting, in order.
//!
//! Rows: A3.

use projections::journal::Entry;

use super::super::figures::Figures;
use super::super::model::{Cell, Section};

/// The postings that were booked.
pub(super) fn sections(figures: &Figures) -> Vec<Section> {
    vec![transactions("transactions", figures.entries.iter())]
}

/// Postings as a table.
pub(super) fn transactions<'a>(
    name: &'static str,
    entries: impl Iterator<Item = &'a Entry>,
) -> Section {
    let row = |entry: &Entry| {
        let posting = &entry.posting;
        vec![
            Cell::Count(entry.position.0),
            Cell::Count(entry.line.into()),
            Cell::Time(entry.recorded_at),
            Cell::Day(entry.effective_on),
            Cell::Day(entry.booked_on),
            Cell::maybe(entry.belongs_to.map(|month| month.to_string())),
            Cell::text(entry.event_type),
            Cell::maybe(entry.reward_id.clone()),
            Cell::maybe(posting.partner_id.as_ref().map(ToString::to_string)),
            Cell::text(posting.debit_account.clone()),
            Cell::text(posting.credit_account.clone()),
            Cell::Amount(posting.amount.decimal()),
            Cell::text(posting.currency.to_string()),
        ]
    };
    Section {
        name,
        columns: &[
            "position",
            "line",
            "recorded_at",
            "effective_on",
            "booked_on",
            "belongs_to",
            "event_type",
            "reward_id",
            "partner_id",
            "debit_account",
            "credit_account",
            "amount",
            "currency",
        ],
        rows: entries.map(row).collect(),
    }
}
