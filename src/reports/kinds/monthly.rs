//! A month: what every account held, what became of value that members hold and of floats, what
//! came late, and what still differs from partners' books.
//!
//! Rows: A3, A6.

use super::super::figures::Figures;
use super::super::float_proof::{Proof, proofs};
use super::super::model::{Cell, Section};
use super::daily::transactions;

/// Trial balance, roll-forward, late items, open differences.
pub(super) fn sections(figures: &Figures) -> Vec<Section> {
    let late = figures.entries.iter().filter(|entry| entry.belongs_to.is_some());
    let late = transactions("late_items", late);
    let proof = float_proof(figures);
    vec![trial_balance(figures), roll_forward(figures), proof, late, open_breaks(figures)]
}

/// What became of each float, beside what its partner last said was left of it.
fn float_proof(figures: &Figures) -> Section {
    let proofs = proofs((&figures.opening, &figures.closing), &figures.entries);
    let rows = proofs.into_iter().map(|((partner, currency), proof)| {
        let word = figures.floats_said.get(&(partner.clone(), currency));
        let mut row = vec![Cell::text(partner), Cell::text(currency.to_string())];
        let Proof { opening, paid_in, issued, put_back, other, closing } = proof;
        row.extend([opening, paid_in, issued, put_back, other, closing].map(Cell::Amount));
        row.push(word.map_or(Cell::text("never"), |word| Cell::Time(word.at)));
        let said = word.map(|word| [word.balance, word.recorded, word.balance - word.recorded]);
        row.extend(said.map_or([const { Cell::Empty }; 3], |said| said.map(Cell::Amount)));
        row
    });
    Section {
        name: "float_proof",
        columns: &[
            "partner_id",
            "currency",
            "opening",
            "paid_in",
            "issued",
            "put_back",
            "other",
            "closing",
            "partner_said_at",
            "partner_said",
            "recorded_then",
            "difference",
        ],
        rows: rows.collect(),
    }
}

fn trial_balance(figures: &Figures) -> Section {
    let row = |(account, currency, closing): (&str, _, projections::journal::Balance)| {
        let opening = figures.opening.of(account, currency);
        vec![
            Cell::text(account),
            Cell::text(format!("{currency}")),
            Cell::Amount(opening.net()),
            Cell::Amount(closing.debits - opening.debits),
            Cell::Amount(closing.credits - opening.credits),
            Cell::Amount(closing.net()),
        ]
    };
    Section {
        name: "trial_balance",
        columns: &["account", "currency", "opening", "debits", "credits", "closing"],
        rows: figures.closing.iter().map(row).collect(),
    }
}

/// By partner and currency.
pub(super) fn roll_forward(figures: &Figures) -> Section {
    let rows = figures.rolls().into_iter().map(|((partner, currency), roll)| {
        vec![
            Cell::text(partner),
            Cell::text(currency.to_string()),
            Cell::Amount(roll.opening),
            Cell::Amount(roll.issued),
            Cell::Amount(roll.used),
            Cell::Amount(roll.voided),
            Cell::Amount(roll.expired),
            Cell::Amount(roll.closing),
        ]
    });
    Section {
        name: "roll_forward",
        columns: &[
            "partner_id",
            "currency",
            "opening",
            "issued",
            "used",
            "voided",
            "expired",
            "closing",
        ],
        rows: rows.collect(),
    }
}

/// Differences with partners that nobody has ended, by partner, kind and currency.
pub(super) fn open_breaks(figures: &Figures) -> Section {
    let rows = figures.breaks.iter().map(|((partner, kind, currency), (count, amount))| {
        vec![
            Cell::text(partner.clone()),
            Cell::text(*kind),
            Cell::count(*count),
            Cell::Amount(*amount),
            Cell::text(currency.to_string()),
        ]
    });
    Section {
        name: "open_breaks",
        columns: &["partner_id", "kind", "count", "amount", "currency"],
        rows: rows.collect(),
    }
}
