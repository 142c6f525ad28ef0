//! One line, one movement, one thing that differs.
//!
//! Rows: A2.

use chrono::{NaiveDate, NaiveTime};

use crate::ids::Position;
use crate::money::Currency;
use crate::partner_statement::{
    BreakKind, Found, MatchedLine, Matching, Movement, MovementKind, OwnMovement, Terms,
    match_statement,
};

pub fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, day).unwrap()
}

/// A movement of ours: `(kind, reference, the partner's id, cents)`, on the 22nd.
pub fn own(
    position: i64,
    (kind, reference, partner_ref, cents): (MovementKind, &str, &str, i64),
) -> OwnMovement {
    OwnMovement {
        position: Position(position),
        kind,
        reference: reference.to_owned(),
        partner_ref: partner_ref.to_owned(),
        use_id: None,
        business_date: day(22),
        cents,
        currency: Currency::AUD,
        is_matched: false,
        is_overdue: false,
    }
}

/// A line of theirs that says the same.
pub fn line(line: usize, own: &OwnMovement) -> Movement {
    Movement {
        line,
        kind: own.kind,
        reference: own.reference.clone(),
        partner_ref: own.partner_ref.clone(),
        at: own.business_date.and_time(NaiveTime::MIN).and_utc(),
        business_date: own.business_date,
        cents: own.cents,
        fee_cents: 0,
        currency: own.currency,
        place: own.use_id.clone(),
    }
}

fn compare(ours: &[OwnMovement], theirs: &[Movement]) -> Matching {
    match_statement(ours, theirs, Terms { names_uses: true, ..Terms::default() }, day(20))
}

fn found(line: usize, position: impl Into<Option<i64>>, kind: BreakKind) -> Found {
    let position = position.into().map(Position);
    Found { line: (line > 0).then_some(line), position, kind }
}

const ISSUE: (MovementKind, &str, &str, i64) = (MovementKind::Issue, "REF1", "WO1", 2_000);
const USE: (MovementKind, &str, &str, i64) = (MovementKind::Redeem, "REF1", "WO1", -1_250);

#[test]
fn what_agrees_is_matched_line_by_line() {
    let ours = [own(7, ISSUE), own(9, USE)];
    let matching = compare(&ours, &[line(1, &ours[1]), line(2, &ours[0])]);
    let matched = |line, position| MatchedLine {
        line,
        position: Position(position),
        off_by_cents: 0,
        movement: None,
    };
    assert_eq!(matching.matched, [matched(1, 9), matched(2, 7)]);
    assert_eq!((matching.found, matching.expected), (vec![], vec![]));
}

#[test]
fn each_way_to_differ_has_its_name() {
    let ours = [own(7, ISSUE)];
    let changed = |change: fn(&mut Movement)| {
        let mut theirs = line(1, &ours[0]);
        change(&mut theirs);
        compare(&ours, &[theirs]).found
    };
    let both = |kind| vec![found(1, 7, kind)];
    assert_eq!(changed(|line| line.cents += 1), both(BreakKind::Over));
    assert_eq!(changed(|line| line.cents -= 1), both(BreakKind::Under));
    assert_eq!(changed(|line| line.currency = "NZD".parse().unwrap()), both(BreakKind::Currency));
    assert_eq!(changed(|line| line.business_date = day(23)), both(BreakKind::Date));
    let differs = both(BreakKind::ReferenceDiffers);
    assert_eq!(changed(|line| line.partner_ref = "WO2".to_owned()), differs);
    assert_eq!(changed(|line| line.reference = "REF2".to_owned()), differs);
    let neither = changed(|line| {
        line.partner_ref = "WO2".to_owned();
        line.reference = "REF2".to_owned();
    });
    assert_eq!(neither, differs, "nothing else of that amount and day is there");
    assert_eq!(changed(|line| line.kind = MovementKind::Void)[0].kind, BreakKind::StateDiffers);
    assert_eq!(changed(|line| line.kind = MovementKind::Fee)[0].kind, BreakKind::Unexpected);
}

#[test]
fn a_value_that_nobody_here_knows_is_unexpected_and_takes_nobody_elses_place() {
    let ours = [own(7, ISSUE), own(8, (MovementKind::Issue, "REF2", "WO2", 2_000))];
    let strange = own(0, (MovementKind::Issue, "REF9", "WO9", 2_000));
    // Two of ours could be it by amount and day: so it is neither.
    let matching = compare(&ours, &[line(1, &strange)]);
    assert_eq!(matching.found, [found(1, None, BreakKind::Unexpected)]);
    assert_eq!(matching.expected, [Position(7), Position(8)]);
}

#[test]
fn an_exact_line_further_down_is_not_robbed_by_an_inexact_one_above() {
    let ours = [own(7, USE), own(8, (MovementKind::Redeem, "REF1", "WO1", -300))];
    let mut more = line(1, &ours[0]);
    more.cents = -1_300;
    let matching = compare(&ours, &[more, line(2, &ours[0])]);
    assert_eq!(matching.matched[0].line, 2);
    assert_eq!(matching.found, [found(1, 8, BreakKind::Over)]);
}

#[test]
fn two_uses_are_two_and_a_third_line_is_one_too_many() {
    let ours = [own(7, USE), own(8, USE)];
    let theirs: Vec<Movement> = (1..=3).map(|number| line(number, &ours[0])).collect();
    let matching = compare(&ours, &theirs);
    assert_eq!(matching.matched.len(), 2);
    assert_eq!(matching.found, [found(3, None, BreakKind::DuplicateTheirs)]);
}

#[test]
fn uses_that_both_sides_name_meet_only_themselves() {
    let named =
        |position, id: &str| OwnMovement { use_id: Some(id.to_owned()), ..own(position, USE) };
    let ours = [named(7, "r-1"), named(8, "r-2")];
    let other = named(0, "r-3");
    let matching = compare(&ours, &[line(1, &ours[1]), line(2, &ours[1]), line(3, &other)]);
    assert_eq!((matching.matched[0].position, matching.matched.len()), (Position(8), 1));
    let kinds: Vec<BreakKind> = matching.found.iter().map(|found| found.kind).collect();
    assert_eq!(kinds, [BreakKind::DuplicateTheirs, BreakKind::Unexpected]);
    assert_eq!(matching.expected, [Position(7)]);
    // A partner that writes the shop there names no use.
    let mut at_a_shop = line(1, &ours[0]);
    at_a_shop.place = Some("STORE-2217".to_owned());
    let matching = match_statement(&ours, &[at_a_shop], Terms::default(), day(20));
    assert_eq!((matching.matched.len(), matching.found), (1, vec![]));
}

#[test]
fn what_an_earlier_statement_said_is_a_duplicate_when_it_is_said_again() {
    let ours = [OwnMovement { is_matched: true, ..own(7, ISSUE) }];
    let mut later = line(1, &ours[0]);
    later.business_date = day(23);
    let matching = compare(&ours, &[later]);
    assert_eq!(matching.found, [found(1, None, BreakKind::DuplicateTheirs)]);
}

#[test]
fn silence_is_expected_for_a_while_and_overdue_after_it() {
    let ours = [
        OwnMovement { business_date: day(19), ..own(7, ISSUE) },
        OwnMovement { business_date: day(20), ..own(8, USE) },
    ];
    let matching = compare(&ours, &[]);
    assert_eq!(matching.found, [found(0, 7, BreakKind::Overdue)]);
    assert_eq!(matching.expected, [Position(8)]);
    let told = [OwnMovement { is_overdue: true, ..ours[0].clone() }];
    assert_eq!(compare(&told, &[]), Matching::default(), "once is enough");
    assert_eq!(compare(&told, &[line(1, &told[0])]).matched.len(), 1, "late is not never");
}

#[test]
fn a_tolerance_is_agreed_or_there_is_none_and_its_use_is_written_down() {
    let ours = [own(7, ISSUE)];
    let mut theirs = line(1, &ours[0]);
    theirs.cents = 2_001;
    theirs.business_date = day(23);
    let terms = Terms { off_by_cents: 1, off_by_days: 1, names_uses: true };
    let matching = match_statement(&ours, &[theirs.clone()], terms, day(20));
    assert_eq!((matching.matched[0].off_by_cents, matching.found.len()), (1, 0));
    theirs.cents = 2_002;
    let matching = match_statement(&ours, &[theirs], terms, day(20));
    assert_eq!(matching.found, [found(1, 7, BreakKind::Over)]);
}

const TOP_UP: (MovementKind, &str, &str, i64) = (MovementKind::TopUp, "NAB-1", "NAB-1", 50_000);

#[test]
fn a_top_up_is_found_by_the_banks_reference_or_by_its_amount_within_some_days() {
    let ours = [own(7, TOP_UP), own(8, (MovementKind::TopUp, "NAB-2", "NAB-2", 50_000))];
    let said = |number, reference: &str, on| {
        let line = line(number, &ours[0]);
        let (reference, partner_ref) = (reference.to_owned(), format!("T{number}"));
        Movement { reference, partner_ref, business_date: day(on), ..line }
    };
    // The first names the second of ours; the other one is left for the second line.
    let matching = compare(&ours, &[said(1, "NAB-2", 24), said(2, "ours", 27)]);
    let taken: Vec<_> = matching.matched.iter().map(|m| (m.line, m.position.0)).collect();
    assert_eq!((taken, matching.found), (vec![(1, 8), (2, 7)], vec![]));
    // A day later than may be, another amount, once more: nobody paid that.
    let less = Movement { cents: 49_999, ..said(3, "ours", 22) };
    let lines = [said(1, "ours", 28), less, said(4, "a", 22), said(5, "b", 23), said(6, "c", 24)];
    let matching = compare(&ours, &lines);
    let unexpected = |line| found(line, None, BreakKind::Unexpected);
    assert_eq!(matching.found, [unexpected(1), unexpected(3), unexpected(6)]);
}
