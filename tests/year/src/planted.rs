//! What is put wrong in the partners' books, and what has to be found for it?
//!
//! Each difference concerns a value of its own, so that none hides another. Amounts in the books
//! are multiples of five cents; one that was put wrong is not, and so is nobody else's.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, Duration, NaiveDate, Utc};
use domain::ids::PartnerId;
use domain::partner_statement::{BreakKind, MovementKind};
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};

use crate::{Books, Line, Shop};

/// What has to be found: in which statement, and which movement it is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Planted {
    /// Whose statement.
    pub partner: PartnerId,
    /// Of which day.
    pub day: NaiveDate,
    /// In what it differs.
    pub kind: BreakKind,
    /// Of which type the movement is.
    pub movement: MovementKind,
    /// What the partner calls the value, by the side that speaks.
    pub partner_ref: String,
    /// What the partner says, in cents.
    pub stated: Option<i64>,
    /// What we say.
    pub recorded: Option<i64>,
}

/// Where lines are put wrong.
struct Planting<'a> {
    dice: StdRng,
    books: &'a mut Books,
    shops: BTreeMap<PartnerId, &'a Shop>,
    /// Lines in an order of chance; each is used once.
    free: Vec<Line>,
    used: BTreeSet<String>,
    /// When a value ended, where it did.
    ended: BTreeSet<String>,
    last: NaiveDate,
    planted: Vec<Planted>,
}

/// Puts so many of each kind wrong.
///
/// # Panics
/// When the books are too small for so many.
pub fn plant(books: &mut Books, shops: &[Shop], (each, seed): (usize, u64)) -> Vec<Planted> {
    let mut dice = StdRng::seed_from_u64(seed);
    let mut free: Vec<Line> =
        books.papers.values().flat_map(|paper| paper.lines.clone()).collect();
    let ended = free.iter().filter(|line| line.kind.is_an_end());
    let ended = ended.map(|line| line.partner_ref.clone()).collect();
    free.shuffle(&mut dice);
    let last = free.iter().map(|line| line.day).max().expect("there are lines");
    let shops = shops.iter().map(|shop| (shop.id.clone(), shop)).collect();
    let used = BTreeSet::new();
    let mut planting =
        Planting { dice, books, shops, free, used, ended, last, planted: Vec::new() };
    planting.foreign_days(each.div_ceil(4));
    for _ in 0..each {
        planting.wrong_amounts();
        planting.wrong_day();
        planting.wrong_reference();
        planting.said_twice();
        planting.nobody_knows();
        planting.left_out();
        planting.ended_for_them_alone();
    }
    planting.planted
}

impl Planting<'_> {
    /// A line that fits, of a value that nothing was put wrong with.
    fn next(&mut self, fits: impl Fn(&Self, &Line) -> bool) -> Line {
        while let Some(line) = self.free.pop() {
            if !self.used.contains(&line.partner_ref) && fits(self, &line) {
                self.used.insert(line.partner_ref.clone());
                return line;
            }
        }
        panic!("the books are too small for so many differences");
    }

    /// Where it stands now.
    fn in_place(&mut self, line: &Line) -> &mut Line {
        let paper = self.books.day(line.day, &line.partner);
        paper.lines.iter_mut().find(|written| *written == line).expect("it stands there")
    }

    fn take_out(&mut self, line: &Line) {
        let paper = self.books.day(line.day, &line.partner);
        let at = paper.lines.iter().position(|written| written == line).expect("it stands there");
        paper.lines.remove(at);
    }

    fn put_in(&mut self, line: Line) {
        let paper = self.books.day(line.day, &line.partner.clone());
        paper.lines.push(line);
        paper.lines.sort_by_key(|line| line.at);
    }

    fn found(
        &mut self,
        kind: BreakKind,
        line: &Line,
        (stated, recorded): (Option<i64>, Option<i64>),
    ) {
        self.planted.push(Planted {
            partner: line.partner.clone(),
            day: line.day,
            kind,
            movement: line.kind,
            partner_ref: line.partner_ref.clone(),
            stated: stated.map(i64::abs),
            recorded: recorded.map(i64::abs),
        });
    }

    /// Statements in another currency than everything in them was given in.
    fn foreign_days(&mut self, how_many: usize) {
        let days: Vec<(NaiveDate, PartnerId)> = self
            .books
            .papers
            .iter()
            .filter(|(_, paper)| (1..=2).contains(&paper.lines.len()))
            .map(|(key, _)| key.clone())
            .collect();
        let chosen: Vec<_> = days.sample(&mut self.dice, how_many).cloned().collect();
        for (day, partner) in chosen {
            let paper = self.books.day(day, &partner);
            paper.currency = "NZD";
            for line in paper.lines.clone() {
                self.used.insert(line.partner_ref.clone());
                self.found(BreakKind::Currency, &line, (Some(line.cents), Some(line.cents)));
            }
        }
    }

    fn wrong_amounts(&mut self) {
        for kind in [BreakKind::Over, BreakKind::Under] {
            let line = self.next(|_, line| line.cents.abs() > 5);
            let off = self.dice.random_range(1..5);
            let more = if kind == BreakKind::Over { off } else { -off };
            let stated = line.cents + line.cents.signum() * more;
            self.in_place(&line).cents = stated;
            self.found(kind, &line, (Some(stated), Some(line.cents)));
        }
    }

    fn wrong_day(&mut self) {
        let line = self.next(|_, line| line.kind == MovementKind::Issue);
        self.take_out(&line);
        let (day, at) = (line.day + Days::new(1), line.at + Duration::days(1));
        let moved = Line { day, at, ..line };
        self.found(BreakKind::Date, &moved, (Some(moved.cents), Some(moved.cents)));
        self.put_in(moved);
    }

    fn wrong_reference(&mut self) {
        let line = self.next(|_, line| line.kind == MovementKind::Issue);
        let of_ours = self.dice.random_ratio(1, 2);
        let written = self.in_place(&line);
        if of_ours {
            written.reference = format!("X{}", &line.reference[1..]);
        } else {
            written.partner_ref = format!("{}-X", line.partner_ref);
        }
        let written = written.clone();
        self.found(BreakKind::ReferenceDiffers, &written, (Some(line.cents), Some(line.cents)));
    }

    /// In the same file a little later, or on another day.
    fn said_twice(&mut self) {
        let line = self.next(|_, _| true);
        let days: u64 = self.dice.random_range(0..3);
        let later = Duration::days(days.cast_signed()) + Duration::seconds(1);
        let (day, at) = (line.day + Days::new(days), line.at + later);
        let again = Line { day, at, ..line };
        self.found(BreakKind::DuplicateTheirs, &again, (Some(again.cents), None));
        self.put_in(again);
    }

    /// A value that nobody here ever asked for.
    fn nobody_knows(&mut self) {
        let like = self.next(|_, line| line.kind == MovementKind::Issue);
        let odd = self.dice.random_range(0..5_000) * 5 + 3;
        let (reference, partner_ref) =
            (format!("N{}", like.reference), format!("N-{}", like.partner_ref));
        let at: DateTime<Utc> = like.at + Duration::seconds(3);
        let unknown = Line { reference, partner_ref, cents: odd, at, ..like };
        self.found(BreakKind::Unexpected, &unknown, (Some(odd), None));
        self.put_in(unknown);
    }

    /// What happened, and stands in no file: overdue the day after the partner's time is over.
    fn left_out(&mut self) {
        let line = self.next(|_, _| true);
        self.take_out(&line);
        let time = u64::from(self.shops[&line.partner].overdue_after_days) + 1;
        let told_on = Line { day: line.day + Days::new(time), ..line };
        self.found(BreakKind::Overdue, &told_on, (None, Some(told_on.cents)));
    }

    /// A value that has ended for the partner alone.
    fn ended_for_them_alone(&mut self) {
        let line = self.next(|planting, line| {
            line.kind == MovementKind::Issue
                && !planting.ended.contains(&line.partner_ref)
                && line.day + Days::new(3) <= planting.last
        });
        let is_voided = self.dice.random_ratio(1, 2);
        let kind = if is_voided { MovementKind::Void } else { MovementKind::Expire };
        let days = self.dice.random_range(1..3);
        let (day, at) = (line.day + Days::new(days), line.at + Duration::days(days.cast_signed()));
        let ended = Line { kind, day, at, cents: -3, place: None, ..line };
        self.found(BreakKind::StateDiffers, &ended, (Some(-3), None));
        self.put_in(ended);
    }
}
