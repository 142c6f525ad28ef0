//! Which line of a statement is which movement of ours? Exactly what agrees first, then
//! what differs in one thing, each line and each movement at most once.
//!
//! | pass | agrees in | a difference is then |
//! | --- | --- | --- |
//! | 1 | kind, both references, amount, currency, day | none: matched |
//! | 2 | kind, both references, amount, currency | the day: `date` |
//! | – | what was matched already, here or by an earlier statement | `duplicate_theirs` |
//! | 3 | kind, one of the references, amount, currency | `reference_differs` |
//! | 4 | kind and one of the references | the amount: `over`, `under`; or `currency` |
//! | 5 | of a top-up: amount, currency, and the day within [`TOP_UP_DAYS`] | none: matched |
//! | 6 | kind, amount, currency and day, and nothing else agrees so | `reference_differs` |
//!
//! A top-up is ours by the bank's line, which has one reference and a day of its own: a line that
//! names that reference in either place agrees with it, and of one that names none the amount
//! counts, and the nearest day.
//!
//! A value may be used several times: where the partner names each use by the id that its notices
//! give, a line and a movement of two different uses never meet.
//!
//! Of what is left, a line that ends a value which we know is `state_differs`, every other line is
//! `unexpected`; a movement of ours is expected until its deadline and `overdue` after it. The
//! surplus is as serious as the shortfall.
//!
//! *Why in passes*: a line that agrees in one thing must not take the movement that a later line
//! agrees with wholly. Each pass is one look into a map, so that a day with a hundred thousand
//! lines takes as many steps.
//!
//! Rows: A2.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::breaks::BreakKind;
use super::movement::{Movement, MovementKind};
use super::signed;
use crate::ids::Position;
use crate::money::Currency;

/// So many days may lie between the day on which our bank books a top-up and the partner's own.
pub const TOP_UP_DAYS: i64 = 5;

/// One movement as our own log has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnMovement {
    /// The event that recorded it.
    pub position: Position,
    /// Of which type the partner's line must be.
    pub kind: MovementKind,
    /// What we called the order.
    pub reference: String,
    /// What the partner calls the value.
    pub partner_ref: String,
    /// Which use of it, where there may be several.
    pub use_id: Option<String>,
    /// On which day it counts.
    pub business_date: NaiveDate,
    /// Value that was added, or with a minus taken off, in cents.
    pub cents: i64,
    /// Of what.
    pub currency: Currency,
    /// An earlier statement has a line for it.
    pub is_matched: bool,
    /// It was told as overdue already.
    pub is_overdue: bool,
}

/// What is agreed with a partner about its statements. Nothing is, by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Terms {
    /// By how many cents an amount may differ, either way, and still be taken as equal.
    pub off_by_cents: i64,
    /// By how many days a business date may.
    pub off_by_days: i64,
    /// The last column of a use is the id of that use, and not a place.
    pub names_uses: bool,
}

/// A line and the movement of ours that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MatchedLine {
    /// Where it stands in the statement, from 1.
    pub line: usize,
    /// The event that recorded ours.
    pub position: Position,
    /// Theirs less ours, in cents: not 0 only within an agreed tolerance.
    #[serde(
        rename = "off_by",
        with = "signed",
        default,
        skip_serializing_if = "signed::is_nothing"
    )]
    pub off_by_cents: i64,
    /// Of which kind, where an amount is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub movement: Option<MovementKind>,
}

/// A difference: by which line, by which movement of ours, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// The line; none where the partner says nothing.
    pub line: Option<usize>,
    /// The event of ours; none where we know nothing.
    pub position: Option<Position>,
    /// In what they differ.
    pub kind: BreakKind,
}

/// How a statement and our log compare.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matching {
    /// What agrees, by line.
    pub matched: Vec<MatchedLine>,
    /// What does not, by line, those without a line last.
    pub found: Vec<Found>,
    /// Ours that no line speaks of and whose time has not run out.
    pub expected: Vec<Position>,
}

/// Compares a statement with our movements at that partner. Movements of a day before
/// `overdue_before` that no line speaks of are overdue.
#[must_use]
pub fn match_statement(
    ours: &[OwnMovement],
    theirs: &[Movement],
    terms: Terms,
    overdue_before: NaiveDate,
) -> Matching {
    let mut table = Table::lay(ours, theirs, terms);
    table.pass(
        |own| (but_day(own), own.business_date),
        |line| (but_day_of_line(line), line.business_date),
    );
    table.pass(but_day, but_day_of_line);
    table.duplicates();
    table.pass(
        |own| (own.kind, own.reference.as_str(), own.cents, own.currency),
        |line| (line.kind, line.reference.as_str(), line.cents, line.currency),
    );
    table.pass(
        |own| (own.kind, own.partner_ref.as_str(), own.cents, own.currency),
        |line| (line.kind, line.partner_ref.as_str(), line.cents, line.currency),
    );
    table.pass(
        |own| (own.kind, own.reference.as_str()),
        |line| (line.kind, line.reference.as_str()),
    );
    table.pass(
        |own| (own.kind, own.partner_ref.as_str()),
        |line| (line.kind, line.partner_ref.as_str()),
    );
    table.top_ups();
    table.alone_in_amount_and_day();
    table.rest(overdue_before)
}

type ButDay<'a> = (MovementKind, &'a str, &'a str, i64, Currency);

fn but_day(own: &OwnMovement) -> ButDay<'_> {
    (own.kind, own.reference.as_str(), own.partner_ref.as_str(), own.cents, own.currency)
}

fn but_day_of_line(line: &Movement) -> ButDay<'_> {
    (line.kind, line.reference.as_str(), line.partner_ref.as_str(), line.cents, line.currency)
}

/// Which uses may meet: the same one, or one that only one side names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Naming {
    Both,
    OnlyTheirs,
    OnlyOurs,
}

/// A top-up has one reference of ours, the bank's, which the partner need not know.
fn agrees_in_references(own: &OwnMovement, line: &Movement) -> bool {
    line.kind == MovementKind::TopUp
        || line.partner_ref == own.partner_ref && line.reference == own.reference
}

/// Both sides, and which line has taken which movement so far.
struct Table<'a> {
    ours: &'a [OwnMovement],
    theirs: &'a [Movement],
    terms: Terms,
    /// Both references of everything of ours.
    known: HashSet<&'a str>,
    own_is_taken: Vec<bool>,
    line_is_taken: Vec<bool>,
    matching: Matching,
}

impl<'a> Table<'a> {
    fn lay(ours: &'a [OwnMovement], theirs: &'a [Movement], terms: Terms) -> Self {
        Self {
            ours,
            theirs,
            terms,
            known: ours.iter().flat_map(|own| [&*own.reference, &*own.partner_ref]).collect(),
            own_is_taken: ours.iter().map(|own| own.is_matched).collect(),
            line_is_taken: vec![false; theirs.len()],
            matching: Matching::default(),
        }
    }

    fn use_of(&self, line: &'a Movement) -> Option<&'a str> {
        line.place.as_deref().filter(|_| self.terms.names_uses && line.kind.is_a_use())
    }

    /// Gives each free line a free movement with the same key, the earliest first.
    fn pass<K: Hash + Eq + Copy>(
        &mut self,
        own_key: impl Fn(&'a OwnMovement) -> K,
        line_key: impl Fn(&'a Movement) -> K,
    ) {
        for naming in [Naming::Both, Naming::OnlyTheirs, Naming::OnlyOurs] {
            let named = |used: Option<&'a str>, is_theirs: bool| match naming {
                Naming::Both => Some(used),
                Naming::OnlyTheirs => (is_theirs || used.is_none()).then_some(None),
                Naming::OnlyOurs => (!is_theirs || used.is_none()).then_some(None),
            };
            let mut free: HashMap<(K, Option<&str>), Vec<usize>> = HashMap::new();
            // From behind, so that the earliest is taken off the end.
            for (index, own) in self.ours.iter().enumerate().rev() {
                if let Some(used) = named(own.use_id.as_deref(), false)
                    && !self.own_is_taken[index]
                {
                    free.entry((own_key(own), used)).or_default().push(index);
                }
            }
            for (number, line) in self.theirs.iter().enumerate() {
                if self.line_is_taken[number] {
                    continue;
                }
                let Some(used) = named(self.use_of(line), true) else { continue };
                let found = free.get_mut(&(line_key(line), used)).and_then(Vec::pop);
                if let Some(index) = found {
                    self.take(index, number);
                }
            }
        }
    }

    /// A line takes a movement: matched, or different in something.
    fn take(&mut self, index: usize, number: usize) {
        let (own, line) = (&self.ours[index], &self.theirs[number]);
        self.own_is_taken[index] = true;
        self.line_is_taken[number] = true;
        match self.difference(own, line) {
            None => self.matching.matched.push(MatchedLine {
                line: line.line,
                position: own.position,
                off_by_cents: line.cents - own.cents,
                movement: (line.cents != own.cents).then_some(line.kind),
            }),
            Some(kind) => self.find(Some(line), Some(own), kind),
        }
    }

    fn find(&mut self, line: Option<&Movement>, own: Option<&OwnMovement>, kind: BreakKind) {
        let (line, position) = (line.map(|line| line.line), own.map(|own| own.position));
        self.matching.found.push(Found { line, position, kind });
    }

    fn difference(&self, own: &OwnMovement, line: &Movement) -> Option<BreakKind> {
        let days = (line.business_date - own.business_date).num_days().abs();
        if line.currency != own.currency {
            Some(BreakKind::Currency)
        } else if (line.cents - own.cents).abs() > self.terms.off_by_cents {
            let is_over = line.cents.abs() > own.cents.abs();
            Some(if is_over { BreakKind::Over } else { BreakKind::Under })
        } else if !agrees_in_references(own, line) {
            Some(BreakKind::ReferenceDiffers)
        } else {
            let may = match line.kind {
                // The last day, or the first moment after it: both mean the same.
                MovementKind::Expire => 1,
                MovementKind::TopUp => TOP_UP_DAYS,
                _ => 0,
            };
            (days > self.terms.off_by_days.max(may)).then_some(BreakKind::Date)
        }
    }

    /// Those whose reference the line does not name: by amount, the nearest day.
    fn top_ups(&mut self) {
        let mut free: HashMap<(i64, Currency), Vec<usize>> = HashMap::new();
        for (index, own) in self.ours.iter().enumerate() {
            if own.kind == MovementKind::TopUp && !self.own_is_taken[index] {
                free.entry((own.cents, own.currency)).or_default().push(index);
            }
        }
        for (number, line) in self.theirs.iter().enumerate() {
            if line.kind != MovementKind::TopUp || self.line_is_taken[number] {
                continue;
            }
            let Some(same) = free.get_mut(&(line.cents, line.currency)) else { continue };
            let days = |index: usize| {
                (line.business_date - self.ours[index].business_date).num_days().abs()
            };
            let near = (0..same.len()).filter(|at| days(same[*at]) <= TOP_UP_DAYS);
            if let Some(at) = near.min_by_key(|at| days(same[*at])) {
                let index = same.remove(at);
                self.take(index, number);
            }
        }
    }

    /// Lines that say once more what was matched already, here or by an earlier statement.
    fn duplicates(&mut self) {
        let taken = self.ours.iter().zip(&self.own_is_taken).filter(|(_, taken)| **taken);
        // Whoever names no use says it once more whichever use it was.
        let said: HashSet<(ButDay<'a>, Option<&str>)> = taken
            .flat_map(|(own, _)| [(but_day(own), own.use_id.as_deref()), (but_day(own), None)])
            .collect();
        for (number, line) in self.theirs.iter().enumerate() {
            let is_said = said.contains(&(but_day_of_line(line), self.use_of(line)));
            if !self.line_is_taken[number] && is_said {
                self.line_is_taken[number] = true;
                self.find(Some(line), None, BreakKind::DuplicateTheirs);
            }
        }
    }

    /// A line and a movement that nothing else could be, by kind, amount, currency and day.
    fn alone_in_amount_and_day(&mut self) {
        type Key = (MovementKind, i64, Currency, NaiveDate);
        let mut free: HashMap<Key, (Vec<usize>, Vec<usize>)> = HashMap::new();
        for (index, own) in self.ours.iter().enumerate() {
            if !self.own_is_taken[index] {
                let key = (own.kind, own.cents, own.currency, own.business_date);
                free.entry(key).or_default().0.push(index);
            }
        }
        for (number, line) in self.theirs.iter().enumerate() {
            if !self.line_is_taken[number] && !self.is_known(line) {
                let key = (line.kind, line.cents, line.currency, line.business_date);
                free.entry(key).or_default().1.push(number);
            }
        }
        let mut alone: Vec<(usize, usize)> = free
            .into_values()
            .filter_map(|(ours, theirs)| match (ours.as_slice(), theirs.as_slice()) {
                (&[own], &[line]) => Some((line, own)),
                _ => None,
            })
            .collect();
        alone.sort_unstable();
        for (number, index) in alone {
            self.take(index, number);
        }
    }

    /// Whether we know the value that a line is about, by either reference.
    fn is_known(&self, line: &Movement) -> bool {
        self.known.contains(&*line.reference) || self.known.contains(&*line.partner_ref)
    }

    fn rest(mut self, overdue_before: NaiveDate) -> Matching {
        for (number, line) in self.theirs.iter().enumerate() {
            if !self.line_is_taken[number] {
                let is_end = self.is_known(line) && line.kind.is_an_end();
                let kind = if is_end { BreakKind::StateDiffers } else { BreakKind::Unexpected };
                self.find(Some(line), None, kind);
            }
        }
        for (index, own) in self.ours.iter().enumerate() {
            if self.own_is_taken[index] || own.is_overdue {
                continue;
            }
            if own.business_date < overdue_before {
                self.find(None, Some(own), BreakKind::Overdue);
            } else {
                self.matching.expected.push(own.position);
            }
        }
        let Matching { mut matched, mut found, mut expected } = self.matching;
        matched.sort_unstable();
        found.sort_unstable_by_key(|found| (found.line.is_none(), found.line, found.position));
        expected.sort_unstable();
        Matching { matched, found, expected }
    }
}
