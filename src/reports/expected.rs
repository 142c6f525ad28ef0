//! Of what has no statement spoken yet, and since when should one have?
//!
//! A movement of ours is expected until a line speaks of it, also one that differs. It stays
//! expected when its partner's deadline goes by: then it is overdue as well, by an open difference.
//! Where two people had the books go on without an answer, nothing is expected any more.
//!
//! Rows: A2, A3.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use domain::AnchorEvent;
use domain::ids::Position;
use domain::money::Currency;
use domain::partner_statement::{BreakKind, PartnerStatementEvent as S};
use projections::Recorded;
use projections::journal::Zones;
use projections::partner_statements::movement_of;
use rust_decimal::Decimal;

/// Partner, kind of movement and currency.
pub type Group = (String, &'static str, Currency);

/// A movement of ours of which no statement has spoken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The event.
    pub position: Position,
    /// Whose statement has to, of what, in which currency.
    pub of: Group,
    /// The partner's day on which it was.
    pub on: NaiveDate,
    /// How much, above zero.
    pub amount: Decimal,
    /// Whether the partner's deadline has gone by.
    pub is_overdue: bool,
}

/// The fold.
#[derive(Debug, Default)]
pub struct Expecting {
    zones: Zones,
    open: BTreeMap<Position, Expected>,
    /// What a statement spoke of, until another one stands in its place.
    spoken: HashMap<String, Vec<Expected>>,
    /// What it was silent about, by the number of its break, likewise.
    silent: HashMap<(String, u32), Position>,
}

impl Expecting {
    /// Takes note of where a partner's days begin, whenever that was said.
    pub fn note(&mut self, recorded: &Recorded) {
        self.zones.note(recorded);
    }

    /// Takes the next event in that counts.
    pub fn enter(&mut self, recorded: &Recorded) {
        if let Some(row) = movement_of(recorded, &self.zones) {
            let expected = Expected {
                position: recorded.position,
                of: (row.partner_id, row.kind, row.currency),
                on: row.business_date,
                amount: Decimal::new(row.cents.abs(), 2),
                is_overdue: false,
            };
            self.open.insert(recorded.position, expected);
        }
        let AnchorEvent::PartnerStatement(event) = &recorded.event else { return };
        let statement = &recorded.aggregate_id;
        match event {
            S::LinesMatched(e) => {
                e.matched.iter().for_each(|line| self.speaks_of(statement, line.position));
            }
            S::BreakOpened(e) => match (e.facts.position, e.facts.kind) {
                (Some(position), BreakKind::Overdue) => {
                    self.silent.insert((statement.clone(), e.number), position);
                    self.set_overdue(position, true);
                }
                (Some(position), _) => self.speaks_of(statement, position),
                (None, _) => {}
            },
            S::BreakForced(e) => {
                if let Some(position) = self.silent.remove(&(statement.clone(), e.number)) {
                    self.speaks_of(statement, position);
                }
            }
            S::StatementSuperseded(_) => self.begin_again(statement),
            S::StatementImported(_)
            | S::BreakAssigned(_)
            | S::BreakExplained(_)
            | S::BreakForceBegun(_)
            | S::BreakResolved(_) => {}
        }
    }

    fn speaks_of(&mut self, statement: &str, position: Position) {
        if let Some(expected) = self.open.remove(&position) {
            let expected = Expected { is_overdue: false, ..expected };
            self.spoken.entry(statement.to_owned()).or_default().push(expected);
        }
    }

    fn set_overdue(&mut self, position: Position, is_overdue: bool) {
        if let Some(expected) = self.open.get_mut(&position) {
            expected.is_overdue = is_overdue;
        }
    }

    /// What a statement said counts no more, and neither does its silence.
    fn begin_again(&mut self, statement: &str) {
        let spoken = self.spoken.remove(statement).unwrap_or_default();
        self.open.extend(spoken.into_iter().map(|expected| (expected.position, expected)));
        let silent = self.silent.extract_if(|(of, _), _| of == statement);
        let silent: Vec<Position> = silent.map(|(_, position)| position).collect();
        silent.into_iter().for_each(|position| self.set_overdue(position, false));
    }

    /// What is expected, in the order of the log.
    #[must_use]
    pub fn finish(self) -> Vec<Expected> {
        self.open.into_values().collect()
    }
}
