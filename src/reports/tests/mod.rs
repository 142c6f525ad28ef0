//! Do reports tie, to the cent, with a book that was kept beside the log, and with themselves?
//!
//! Rows: A1, A3, A6, A7.

mod foreign;
mod open;
mod season;

use projections::journal::{Closure, View};

use super::format::{Format, print};
use super::*;
use season::Season;

/// Any will do; it is named when a test fails.
const SEED: u64 = 20_261_127;

#[test]
fn debits_equal_credits_and_every_rule_holds_at_a_hundred_positions() {
    let season = Season::of(SEED, 120);
    let span = "2026-Q4".parse().unwrap();
    for step in 1..=100_u64 {
        let position = 1 + usize::try_from(season::mix(SEED ^ step)).unwrap() % season.log.len();
        let figures = season.figures(span, position, &[], View::Booked);
        assert!(figures.closing.differences().is_empty(), "at {position} of seed {SEED}");
        assert!(figures.are_sound(), "at {position} of seed {SEED}: {:?}", figures.checks);
    }
}

#[test]
fn the_roll_forward_ties_to_the_trial_balance_and_to_the_partners_own_book() {
    let season = Season::of(SEED, 200);
    let all = season.log.len();
    let mut before = None;
    for month in ["2026-09", "2026-10", "2026-11"] {
        let figures = season.figures(month.parse().unwrap(), all, &[], View::Booked);
        let rolls = figures.rolls();
        assert_eq!(rolls.len(), 3, "one partner for each way of funding");
        for ((partner, _), roll) in &rolls {
            assert!(roll.ties(), "{partner} in {month}: {roll:?}");
            let own = &season.books[&(partner.clone(), month.to_owned())];
            let ours = [roll.issued, roll.used, roll.voided, roll.expired];
            assert_eq!(ours, *own, "{partner} in {month}");
        }
        if let Some(before) = before.replace(figures.closing.clone()) {
            assert_eq!(before, figures.opening, "{month} opens as the month before closed");
        }
    }
}

#[test]
fn what_our_bank_says_and_what_is_set_aside_stands_in_every_balance() {
    let season = Season::of(SEED, 40);
    let figures = season.figures("2026-Q4".parse().unwrap(), season.log.len(), &[], View::Booked);
    let held: Vec<&str> = figures
        .closing
        .iter()
        .filter(|(.., held)| !held.net().is_zero())
        .map(|(account, ..)| account)
        .collect();
    for account in [
        "assets:bank",
        "suspense:recon:aldi",
        "suspense:recon:coles",
        "suspense:recon:woolworths",
        "liabilities:payable:woolworths",
        "assets:float:aldi",
    ] {
        assert!(held.contains(&account), "{account} in {held:?}");
    }
}

#[test]
fn what_comes_after_a_month_was_closed_changes_it_nowhere_and_stands_in_the_next() {
    let mut season = Season::of(SEED, 60);
    let at = season.last_before("2026-11-01T00:00:00Z");
    let (october, november) = ("2026-10".parse().unwrap(), "2026-11".parse().unwrap());
    let sealed = season.figures(october, at, &[], View::Booked);
    let closures = [Closure { month: october, position: sealed.position }];
    season.spend_late("2026-10-20T02:00:00Z", "2026-11-20T02:00:00Z");
    let all = season.log.len();
    let again = season.figures(october, at, &[], View::Booked);
    for format in Format::ALL {
        let bytes = |figures| print(ReportKind::Monthly, format, figures).unwrap().bytes;
        assert_eq!(bytes(&sealed), bytes(&again), "{format:?}");
    }
    let next = season.figures(november, all, &closures, View::Booked);
    assert_eq!(next.opening, sealed.closing);
    let late: Vec<_> = next.entries.iter().filter(|e| e.belongs_to == Some(october)).collect();
    assert!(!late.is_empty());
    assert!(late.iter().all(|entry| november.first() <= entry.booked_on));
    // The other view shows them where they belong.
    let restated = season.figures(october, all, &closures, View::Belonging);
    assert_eq!(restated.entries.iter().filter(|e| e.belongs_to.is_some()).count(), late.len());
    assert_ne!(digest(&restated), digest(&sealed));
}

#[test]
fn every_report_has_its_tables_and_a_digest_that_a_cent_changes() {
    let season = Season::of(SEED, 40);
    let all = season.log.len();
    for (kind, period, table) in [
        (ReportKind::Daily, "2026-10-15", "transactions"),
        (ReportKind::Weekly, "2026-W42", "ageing"),
        (ReportKind::Monthly, "2026-10", "trial_balance"),
        (ReportKind::Quarterly, "2026-Q4", "compliance"),
    ] {
        let figures = season.figures(period.parse().unwrap(), all, &[], View::Booked);
        let made = report(kind, &figures);
        let section = made.sections.iter().find(|section| section.name == table).unwrap();
        assert!(!section.rows.is_empty(), "{table}");
        for section in &made.sections {
            assert!(section.rows.iter().all(|row| row.len() == section.columns.len()));
        }
        let mut changed = figures.clone();
        changed.entries[0].posting.amount = "0.01".parse().unwrap();
        assert_ne!(digest(&changed), digest(&figures), "{period}");
    }
}
