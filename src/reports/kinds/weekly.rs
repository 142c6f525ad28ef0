//! A week: what moved at each partner, and how old what is open is.
//!
//! Rows: A3.

use std::collections::BTreeMap;

use domain::money::Currency;
use rust_decimal::Decimal;

use super::super::figures::Figures;
use super::super::model::{Cell, Section};
use super::monthly::{open_breaks, roll_forward};

/// Days up to which value is in each column but the last.
const AGES: [i64; 3] = [7, 30, 90];

/// What moved, what is open by age, and what differs.
pub(super) fn sections(figures: &Figures) -> Vec<Section> {
    vec![roll_forward(figures), ageing(figures), open_breaks(figures)]
}

fn ageing(figures: &Figures) -> Section {
    let mut by_account: BTreeMap<(&str, Currency), [Decimal; 4]> = BTreeMap::new();
    for open in &figures.open {
        let age = (figures.span.last() - open.since).num_days();
        let column = AGES.iter().take_while(|days| age > **days).count();
        by_account.entry((&open.account, open.currency)).or_default()[column] += open.amount;
    }
    let rows = by_account.into_iter().map(|((account, currency), ages)| {
        let mut row = vec![Cell::text(account), Cell::text(currency.to_string())];
        row.extend(ages.map(Cell::Amount));
        row.push(Cell::Amount(ages.iter().sum()));
        row
    });
    Section {
        name: "ageing",
        columns: &[
            "account",
            "currency",
            "days_0_to_7",
            "days_8_to_30",
            "days_31_to_90",
            "days_over_90",
            "in_all",
        ],
        rows: rows.collect(),
    }
}
