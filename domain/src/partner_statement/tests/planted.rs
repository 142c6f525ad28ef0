//! Many movements and their statement, with differences planted in it: each is found under its
//! name, and nothing else is.
//!
//! Rows: A2.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::matching::{day, line, own};
use crate::ids::Position;
use crate::partner_statement::{
    BreakKind, Found, Movement, MovementKind, OwnMovement, Terms, match_statement,
};

/// What is done to a line of the statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plant {
    Nothing,
    LeaveOut,
    Repeat,
    Raise,
    Lower,
    NextDay,
    OtherPartnerRef,
    OtherCurrency,
    AddStrange,
    EndIt,
}

fn plants() -> impl Strategy<Value = Vec<(Plant, u16)>> {
    use Plant as P;
    let plant = prop_oneof![
        8 => Just(P::Nothing), 1 => Just(P::LeaveOut), 1 => Just(P::Repeat), 1 => Just(P::Raise),
        1 => Just(P::Lower), 1 => Just(P::NextDay), 1 => Just(P::OtherPartnerRef),
        1 => Just(P::OtherCurrency), 1 => Just(P::AddStrange), 1 => Just(P::EndIt),
    ];
    prop::collection::vec((plant, 0..4_u16), 1..120)
}

/// A voucher's issue and so many uses, each with an id.
fn value(number: usize, uses: u16) -> Vec<OwnMovement> {
    let (reference, partner_ref) = (format!("REF{number}"), format!("WO{number}"));
    let position = i64::try_from(number * 10).unwrap();
    let issue = own(position, (MovementKind::Issue, &reference, &partner_ref, 2_000));
    let uses = (1..=uses).map(|which| OwnMovement {
        use_id: Some(format!("use-{number}-{which}")),
        ..own(position + i64::from(which), (MovementKind::Redeem, &reference, &partner_ref, -500))
    });
    std::iter::once(issue).chain(uses).collect()
}

fn plant(
    plant: Plant,
    issue: &OwnMovement,
    theirs: &mut Vec<Movement>,
) -> Option<(BreakKind, bool)> {
    let at = theirs.len();
    let said = line(at + 1, issue);
    theirs.push(said.clone());
    let mut further = said;
    further.line += 1;
    match plant {
        Plant::Nothing => return None,
        Plant::LeaveOut => {
            theirs.pop();
            return Some((BreakKind::Overdue, true));
        }
        Plant::Repeat => {
            theirs.push(further);
            return Some((BreakKind::DuplicateTheirs, false));
        }
        Plant::AddStrange => {
            further.reference.push('x');
            further.partner_ref.push('x');
            // Of an amount that nothing of ours could be mistaken for.
            further.cents = 777;
            theirs.push(further);
            return Some((BreakKind::Unexpected, false));
        }
        Plant::EndIt => {
            further.kind = MovementKind::Void;
            further.cents = -2_000;
            theirs.push(further);
            return Some((BreakKind::StateDiffers, false));
        }
        Plant::Raise => theirs[at].cents += 1,
        Plant::Lower => theirs[at].cents -= 1,
        Plant::NextDay => theirs[at].business_date = day(23),
        Plant::OtherPartnerRef => theirs[at].partner_ref.push('y'),
        Plant::OtherCurrency => theirs[at].currency = "NZD".parse().unwrap(),
    }
    let kind = match plant {
        Plant::Raise => BreakKind::Over,
        Plant::Lower => BreakKind::Under,
        Plant::NextDay => BreakKind::Date,
        Plant::OtherPartnerRef => BreakKind::ReferenceDiffers,
        _ => BreakKind::Currency,
    };
    Some((kind, true))
}

proptest! {
    #[test]
    fn every_planted_difference_is_found_under_its_name_and_nothing_else(plants in plants()) {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let mut planted: BTreeMap<(Option<usize>, Option<Position>), BreakKind> = BTreeMap::new();
        for (number, (what, uses)) in plants.iter().enumerate() {
            let value = value(number, *uses);
            let before = theirs.len();
            if let Some((kind, is_ours)) = plant(*what, &value[0], &mut theirs) {
                let is_silent = theirs.len() == before;
                let at = (!is_silent).then_some(theirs.len());
                planted.insert((at, is_ours.then_some(value[0].position)), kind);
            }
            for used in &value[1..] {
                theirs.push(line(theirs.len() + 1, used));
            }
            ours.extend(value);
        }
        let terms = Terms { names_uses: true, ..Terms::default() };
        let matching = match_statement(&ours, &theirs, terms, day(23));
        let found: BTreeMap<_, _> = matching
            .found
            .iter()
            .map(|Found { line, position, kind }| ((*line, *position), *kind))
            .collect();
        prop_assert_eq!(found, planted);
        prop_assert_eq!(matching.found.len() + matching.matched.len(),
            theirs.len() + plants.iter().filter(|(what, _)| *what == Plant::LeaveOut).count());
        prop_assert!(matching.expected.is_empty());
    }

    #[test]
    fn the_order_of_our_movements_changes_nothing(plants in plants(), turn in 0..50_usize) {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for (number, (what, uses)) in plants.iter().enumerate() {
            let value = value(number, *uses);
            plant(*what, &value[0], &mut theirs);
            theirs.extend(value[1..].iter().enumerate().map(|(at, used)| line(at, used)));
            ours.extend(value);
        }
        (1..).zip(&mut theirs).for_each(|(number, said)| said.line = number);
        let terms = Terms { names_uses: true, ..Terms::default() };
        let once = match_statement(&ours, &theirs, terms, day(23));
        let turn = turn % ours.len();
        ours.rotate_left(turn);
        prop_assert_eq!(match_statement(&ours, &theirs, terms, day(23)), once);
    }
}
