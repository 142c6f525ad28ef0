//! A week: what moved at each partner, and how old what is open is.
//!
//! Rows: A3.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::money::Currency;
use rust_decimal::Decimal;

use super::super::figures::Figures;
use super::super::model::{Cell, Section};
use super::monthly::{open_breaks, roll_forward};

/// Days up to which value is in each column but the last.
const AGES: [i64; 3] = [7, 30, 90];

/// What moved, what is open and what is expected by age, and what differs.
pub(super) fn sections(figures: &Figures) -> Vec<Section> {
    let (sums, items) = (expected(figures), expected_items(figures));
    vec![roll_forward(figures), ageing(figures), sums, items, open_breaks(figures)]
}

/// How old something from a day is after the last day.
fn age(figures: &Figures, since: NaiveDate) -> i64 {
    (figures.span.last() - since).num_days()
}

/// In which column something from a day stands.
fn column(figures: &Figures, since: NaiveDate) -> usize {
    let age = age(figures, since);
    AGES.iter().take_while(|days| age > **days).count()
}

fn ageing(figures: &Figures) -> Section {
    let mut by_account: BTreeMap<(&str, Currency), [Decimal; 4]> = BTreeMap::new();
    for open in &figures.open {
        let column = column(figures, open.since);
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

/// Of what partners' statements have not spoken.
fn expected(figures: &Figures) -> Section {
    let mut by_kind: BTreeMap<_, (usize, usize, [Decimal; 4])> = BTreeMap::new();
    for expected in &figures.expected {
        let (count, overdue, ages) = by_kind.entry(&expected.of).or_default();
        *count += 1;
        *overdue += usize::from(expected.is_overdue);
        ages[column(figures, expected.on)] += expected.amount;
    }
    let rows =
        by_kind.into_iter().map(|((partner, movement, currency), (count, overdue, ages))| {
            let mut row = vec![Cell::text(partner.clone()), Cell::text(*movement)];
            row.extend([
                Cell::text(currency.to_string()),
                Cell::count(count),
                Cell::count(overdue),
            ]);
            row.extend(ages.map(Cell::Amount));
            row.push(Cell::Amount(ages.iter().sum()));
            row
        });
    Section {
        name: "expected",
        columns: &[
            "partner_id",
            "movement",
            "currency",
            "count",
            "overdue",
            "days_0_to_7",
            "days_8_to_30",
            "days_31_to_90",
            "days_over_90",
            "in_all",
        ],
        rows: rows.collect(),
    }
}

/// The same one by one, in the order of the log.
fn expected_items(figures: &Figures) -> Section {
    let rows = figures.expected.iter().map(|expected| {
        let (partner, movement, currency) = &expected.of;
        vec![
            Cell::Count(expected.position.0),
            Cell::text(partner.clone()),
            Cell::text(*movement),
            Cell::Day(expected.on),
            Cell::Count(age(figures, expected.on)),
            Cell::text(if expected.is_overdue { "overdue" } else { "expected" }),
            Cell::Amount(expected.amount),
            Cell::text(currency.to_string()),
        ]
    });
    Section {
        name: "expected_items",
        columns: &[
            "position",
            "partner_id",
            "movement",
            "on",
            "days",
            "status",
            "amount",
            "currency",
        ],
        rows: rows.collect(),
    }
}
