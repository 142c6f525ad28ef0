//! What is still expected of partners' statements, and do floats prove?
//!
//! Rows: A2, A3.

use chrono::{DateTime, Utc};
use domain::AnchorEvent;
use projections::journal::{Calendar, View};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::float_proof::proofs;
use super::super::{Cell, Figures, Gathering, ReportKind, report};
use super::SEED;
use super::season::{Season, recorded, stored};

const STATEMENT: Uuid = Uuid::from_u128(7);
const MONDAY: &str = "2026-11-23T02:00:00Z";

/// A log of some events, each a minute after the one before.
#[derive(Default)]
struct Log(Vec<projections::Recorded>);

impl Log {
    fn add(&mut self, stream: Uuid, (kind, file): (&str, &str), changes: &Value) {
        let begun: DateTime<Utc> = MONDAY.parse().unwrap();
        let position = i64::try_from(self.0.len()).unwrap() + 1;
        let at = begun + chrono::Duration::minutes(position);
        let event: AnchorEvent = stored(kind, file, at, changes);
        self.0.push(recorded(position, at, stream, event));
    }

    /// A voucher over 20.00 is given: by the first of these it is event 1, by the second event 2 …
    fn give(&mut self) {
        let number = self.0.len() as u128 + 100;
        let id = json!({ "voucher_id": format!("V{number}") });
        self.add(Uuid::from_u128(number), ("reward", "VoucherIssued.v1"), &id);
    }

    fn say(&mut self, file: &str, changes: &Value) {
        self.add(STATEMENT, ("partner_statement", file), changes);
    }

    fn figures(&self) -> Figures {
        let calendar = Calendar { closures: Vec::new(), view: View::Booked };
        let mut gathering = Gathering::new("2026-W49".parse().unwrap(), calendar);
        self.0.iter().for_each(|recorded| gathering.enter(recorded).unwrap());
        gathering.finish()
    }

    /// What is expected, by position, and whether it is overdue.
    fn expected(&self) -> Vec<(i64, bool)> {
        let expected = self.figures().expected;
        expected.iter().map(|one| (one.position.0, one.is_overdue)).collect()
    }
}

#[test]
fn what_was_given_is_expected_until_a_line_speaks_of_it_and_again_when_that_counts_no_more() {
    let mut log = Log::default();
    (0..4).for_each(|_| log.give());
    assert_eq!(log.expected(), [(1, false), (2, false), (3, false), (4, false)]);
    log.say("LinesMatched.v1", &json!({ "matched": [{ "line": 1, "position": 1 }] }));
    // A line that differs speaks of it as well; silence makes it overdue.
    log.say("BreakOpened.v1", &json!({ "number": 1, "kind": "under", "position": 2 }));
    let silent = json!({ "number": 2, "kind": "overdue", "position": 3, "line": null });
    log.say("BreakOpened.v1", &silent);
    assert_eq!(log.expected(), [(3, true), (4, false)]);
    let sections = report(ReportKind::Weekly, &log.figures()).sections;
    let of = |name: &str| sections.iter().find(|section| section.name == name).unwrap();
    let items: Vec<Vec<String>> = of("expected_items")
        .rows
        .iter()
        .map(|row| row.iter().map(Cell::written).collect())
        .collect();
    // The week ends on 6 December, thirteen days later.
    let item = |position: &str, status: &str| {
        [position, "woolworths", "ISSUE", "2026-11-23", "13", status, "20.00", "AUD"]
            .map(str::to_owned)
    };
    assert_eq!(items, [item("3", "overdue"), item("4", "expected")]);
    let sums: Vec<String> = of("expected").rows[0].iter().map(Cell::written).collect();
    let in_all =
        ["woolworths", "ISSUE", "AUD", "2", "1", "0.00", "40.00", "0.00", "0.00", "40.00"];
    assert_eq!(sums, in_all);

    let mut forced = Log(log.0.clone());
    forced.say("BreakForced.v1", &json!({ "number": 2 }));
    assert_eq!(forced.expected(), [(4, false)], "two people had the books go on");
    for log in [&mut log, &mut forced] {
        log.say("StatementSuperseded.v1", &json!({}));
        assert_eq!(log.expected(), [(1, false), (2, false), (3, false), (4, false)]);
    }
}

#[test]
fn a_float_is_what_went_in_less_what_was_given_and_stands_beside_its_partners_last_word() {
    let season = Season::of(SEED, 200);
    let float = &("aldi".to_owned(), "AUD".parse().unwrap());
    let mut paid_in = Decimal::ZERO;
    for month in ["2026-09", "2026-10", "2026-11"] {
        let figures = season.figures(month.parse().unwrap(), season.log.len(), &[], View::Booked);
        let proofs = proofs((&figures.opening, &figures.closing), &figures.entries);
        let (proof, roll) = (&proofs[float], &figures.rolls()[float]);
        assert_eq!(proof.issued, roll.issued, "{month}");
        let ends_with =
            proof.opening + proof.paid_in - proof.issued + proof.put_back + proof.other;
        assert_eq!(ends_with, proof.closing, "{month}");
        paid_in += proof.paid_in;
        let made = report(ReportKind::Monthly, &figures);
        let section = made.sections.iter().find(|one| one.name == "float_proof").unwrap();
        let row = section.rows.iter().find(|row| row[0] == Cell::text("aldi")).unwrap();
        assert_eq!(row[8..], [Cell::text("never"), Cell::Empty, Cell::Empty, Cell::Empty]);
    }
    // Ten lines of the bank's, of 100.00 and so many cents; two of them came back.
    assert_eq!(paid_in, Decimal::new(8 * 10_000 + 45 - 10 - 2 * 10_000 - 10, 2));

    let mut log = Log::default();
    let paid = json!({ "partner_id": "aldi", "funding_model": "prepaid", "amount": "50.00",
        "direction": "paid", "booked_on": "2026-11-23" });
    log.add(Uuid::from_u128(9), ("settlement", "SettlementRecorded.v1"), &paid);
    log.add_said("aldi", "48.50");
    let figures = log.figures();
    let word = figures.floats_said[float];
    assert_eq!((word.balance, word.recorded), (Decimal::new(4_850, 2), Decimal::new(5_000, 2)));
}

impl Log {
    fn add_said(&mut self, partner: &str, balance: &str) {
        let said = ("partner", "FloatLowReported.v1");
        self.add(Uuid::nil(), said, &json!({ "balance": balance }));
        self.0.last_mut().unwrap().aggregate_id = partner.to_owned();
    }
}
