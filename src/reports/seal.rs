//! What does closing a month seal? A digest of its figures, whatever a report of them looks like.
//!
//! What accounts held before, every entry in its order, and what they held afterwards, each as a
//! line of text: a change in any of them, or in their number, is another digest.
//!
//! Rows: A6.

use projections::journal::Balances;
use sha2::{Digest, Sha256};

use super::figures::Figures;
use super::model::{instant, money};

/// SHA-256 of the figures, in hex.
#[must_use]
pub fn digest(figures: &Figures) -> String {
    let mut hash = Sha256::new();
    let mut line = |text: String| hash.update(text + "\n");
    line(format!("figures 1 {} {}", figures.span, figures.position));
    for text in held("opening", &figures.opening) {
        line(text);
    }
    for entry in &figures.entries {
        let posting = &entry.posting;
        line(format!(
            "entry {} {} {} {} {} {} {} {} {} {} {} {}",
            entry.position,
            entry.line,
            instant(entry.recorded_at),
            entry.effective_on,
            entry.booked_on,
            entry.belongs_to.map_or("-".to_owned(), |month| month.to_string()),
            entry.event_type,
            entry.reward_id.as_deref().unwrap_or("-"),
            posting.debit_account,
            posting.credit_account,
            posting.amount,
            posting.currency
        ));
    }
    for text in held("closing", &figures.closing) {
        line(text);
    }
    hex::encode(hash.finalize())
}

fn held<'a>(when: &'a str, balances: &'a Balances) -> impl Iterator<Item = String> + 'a {
    balances.iter().map(move |(account, currency, held)| {
        format!("{when} {account} {currency} {} {}", money(held.debits), money(held.credits))
    })
}
