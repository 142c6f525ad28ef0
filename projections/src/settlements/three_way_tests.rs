//! Is each thing that differs named, by its amount, and nothing else?
//!
//! Rows: A1, A2.

use super::three_way::*;
use chrono::NaiveDate;
use domain::partner_statement::{KindTotal, MovementKind};
use domain::reward::FundingModel;
use domain::settlement::Direction;
use rust_decimal::Decimal;

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, day).unwrap()
}

fn total(kind: MovementKind, cents: i64) -> KindTotal {
    let amount = domain::partner_statement::amount(cents).unwrap();
    let nothing = "0.00".parse().unwrap();
    let (added, taken) = if cents < 0 { (nothing, amount) } else { (amount, nothing) };
    KindTotal { kind, lines: 1, added, taken }
}

fn line(direction: Direction, cents: i64, on: u32) -> BankLine {
    BankLine { direction, amount: Decimal::new(cents, 2), booked_on: day(on) }
}

/// Paid in 500.00, issued 60.00 of which 20.00 were voided, and everybody says so.
fn sound() -> Sides {
    Sides {
        float: Decimal::new(46_000, 2),
        moved: [(MovementKind::Issue, (6_000, 6_000)), (MovementKind::Void, (-2_000, -2_000))]
            .into(),
        stated: vec![
            (day(10), vec![total(MovementKind::TopUp, 50_000)]),
            (day(20), vec![total(MovementKind::Issue, 6_000), total(MovementKind::Void, -2_000)]),
        ],
        bank: vec![line(Direction::Paid, 50_000, 8)],
        reported: Some(ReportedFloat {
            balance: Decimal::new(46_000, 2),
            at: "2026-11-20T03:00:00Z".parse().unwrap(),
            float_then: Decimal::new(46_000, 2),
        }),
        ..Sides::default()
    }
}

fn told(model: FundingModel, sides: &Sides) -> Vec<(&'static str, String)> {
    let compared = compare(model, sides);
    compared.differences.iter().map(|d| (d.kind, format!("{:.2}", d.amount))).collect()
}

#[test]
fn a_float_of_which_all_three_say_the_same_has_no_difference() {
    let compared = compare(FundingModel::Prepaid, &sound());
    assert_eq!((compared.differences, compared.unanswered), (vec![], vec![]));
    assert_eq!(compared.float, Some(Decimal::new(46_000, 2)));
}

#[test]
fn each_difference_of_a_float_has_its_name_and_amount_either_way() {
    let changed = |change: fn(&mut Sides)| {
        let mut sides = sound();
        change(&mut sides);
        told(FundingModel::Prepaid, &sides)
    };
    let one = |kind, amount: &str| vec![(kind, amount.to_owned())];
    let issued =
        |sides: &mut Sides, cents| sides.stated[1].1[0] = total(MovementKind::Issue, cents);
    let mut less = sound();
    issued(&mut less, 5_999);
    assert_eq!(told(FundingModel::Prepaid, &less), one("issued_differs", "-0.01"));
    issued(&mut less, 6_001);
    assert_eq!(told(FundingModel::Prepaid, &less), one("issued_differs", "0.01"));
    let more = changed(|sides| sides.stated[1].1[1] = total(MovementKind::Void, -2_500));
    assert_eq!(more, one("voided_differs", "5.00"));
    let unsaid = changed(|sides| sides.bank.push(line(Direction::Paid, 10_000, 15)));
    assert_eq!(unsaid, one("top_up_not_stated", "-100.00"));
    let unpaid = changed(|sides| sides.stated[1].1.push(total(MovementKind::TopUp, 700)));
    assert_eq!(unpaid, one("top_up_not_paid", "7.00"));
    let says = changed(|sides| {
        sides.reported = sides.reported.map(|r| ReportedFloat { balance: Decimal::ZERO, ..r });
    });
    assert_eq!(says, one("float_differs", "-460.00"));
}

#[test]
fn payments_that_a_day_names_in_one_meet_it_and_a_late_one_may_still_be_stated() {
    let mut sides = sound();
    sides.bank = vec![
        line(Direction::Paid, 20_000, 7),
        line(Direction::Paid, 30_000, 9),
        line(Direction::Paid, 4_000, 16),
    ];
    assert_eq!(told(FundingModel::Prepaid, &sides), []);
    // Of equal sums, one too many and one too few do not hide each other.
    sides.bank = vec![line(Direction::Paid, 50_000, 1)];
    let both = told(FundingModel::Prepaid, &sides);
    assert_eq!(
        both.iter().map(|d| d.0).collect::<Vec<_>>(),
        ["top_up_not_stated", "top_up_not_paid"]
    );
}

#[test]
fn what_is_owed_is_a_balance_and_what_was_paid_beyond_it_a_difference() {
    let mut sides = Sides {
        payable: Decimal::new(1_250, 2),
        moved: [(MovementKind::Redeem, (-4_250, -3_250))].into(),
        stated: vec![(day(20), vec![total(MovementKind::Redeem, -3_250)])],
        bank: vec![line(Direction::Paid, 3_000, 21)],
        ..Sides::default()
    };
    let compared = compare(FundingModel::PayOnRedemption, &sides);
    assert_eq!((compared.differences, compared.unanswered), (vec![], vec![]));
    assert_eq!(compared.unpaid, Some(Decimal::new(1_250, 2)));
    assert_eq!(compared.not_yet_stated.redeemed, Decimal::new(1_000, 2));
    sides.payable = Decimal::new(-100, 2);
    sides.stated[0].1[0] = total(MovementKind::Redeem, -3_300);
    let found = told(FundingModel::PayOnRedemption, &sides);
    assert_eq!(found, [("redeemed_differs", "0.50".to_owned()), ("overpaid", "1.00".to_owned())]);
}

#[test]
fn a_partner_that_pays_for_everything_itself_has_no_line_at_our_bank() {
    let mut sides = Sides { stated: vec![(day(20), vec![])], ..Sides::default() };
    assert_eq!(told(FundingModel::PartnerFunded, &sides), []);
    sides.bank = vec![line(Direction::Paid, 700, 20), line(Direction::Received, 300, 21)];
    let found = told(FundingModel::PartnerFunded, &sides);
    let kind = "bank_line_unexpected";
    assert_eq!(found, [(kind, "7.00".to_owned()), (kind, "-3.00".to_owned())]);
}

#[test]
fn what_nobody_ever_said_is_unanswered_by_name() {
    let silent = Sides { float: Decimal::new(-2_000, 2), ..Sides::default() };
    let compared = compare(FundingModel::Prepaid, &silent);
    assert_eq!((compared.statements, compared.bank, compared.float), (None, None, None));
    let figures: Vec<_> = compared.unanswered.iter().map(|(figure, _)| *figure).collect();
    assert_eq!(figures, ["statements", "bank", "reported_float", "float"]);
    assert_eq!(compared.differences, []);
}
