//! Imported, compared, looked into: what may follow what?
//!
//! Rows: A2.

use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

use super::matching::day;
use crate::ids::{Position, StatementId};
use crate::money::Currency;
use crate::partner_statement::{
    BreakFacts, BreakKind, BreakOutcome, BreakState, ImportStatement, KindTotal, MatchedLine,
    MovementKind, PartnerStatement, PartnerStatementEvent, StatementCommand, StatementError,
};

fn now() -> DateTime<Utc> {
    "2026-11-24T03:00:00Z".parse().unwrap()
}

const ANNA: Uuid = Uuid::from_u128(1);
const BEN: Uuid = Uuid::from_u128(2);

pub fn import(sha256: &str) -> StatementCommand {
    let totals = vec![KindTotal {
        kind: MovementKind::Issue,
        lines: 1,
        added: "20.00".parse().unwrap(),
        taken: "0.00".parse().unwrap(),
    }];
    StatementCommand::Import(Box::new(ImportStatement {
        partner_id: "woolworths".parse().unwrap(),
        business_date: day(22),
        sequence: 1,
        currency: Currency::AUD,
        made_at: now(),
        lines: 1,
        totals,
        sha256: sha256.to_owned(),
        supersedes: None,
    }))
}

pub fn facts(kind: BreakKind, amount: &str) -> BreakFacts {
    BreakFacts {
        kind,
        line: Some(1),
        position: Some(Position(7)),
        movement: MovementKind::Issue,
        reference: "REF1".to_owned(),
        partner_ref: "WO1".to_owned(),
        use_id: None,
        on: day(22),
        stated: None,
        recorded: None,
        off_by_cents: 0,
        amount: amount.parse().unwrap(),
        currency: Currency::AUD,
    }
}

fn matching(amounts: &[&str]) -> StatementCommand {
    let found = amounts.iter().map(|amount| facts(BreakKind::Over, amount));
    let line = MatchedLine { line: 2, position: Position(9), off_by_cents: 0, movement: None };
    let found = found.collect();
    StatementCommand::RecordMatching { matched: vec![line], found, funding_model: None }
}

pub fn force(person: Uuid) -> StatementCommand {
    let two_person_from = "500.00".parse().unwrap();
    let note = "Nobody there remembers.".to_owned();
    StatementCommand::Force { number: 1, note, person, two_person_from }
}

fn resolve(outcome: BreakOutcome) -> StatementCommand {
    StatementCommand::Resolve { number: 1, outcome, note: "They agree.".to_owned() }
}

#[derive(Default)]
pub struct Told {
    statement: PartnerStatement,
    later: Duration,
}

impl Told {
    fn imported_with(amounts: &[&str]) -> Self {
        let mut told = Self::default();
        told.names(import("aa"));
        told.names(matching(amounts));
        told
    }

    pub fn when(
        &mut self,
        command: StatementCommand,
    ) -> Result<Vec<PartnerStatementEvent>, StatementError> {
        let events = self.statement.decide(command, now() + self.later)?;
        events.iter().for_each(|event| self.statement.evolve(event));
        Ok(events)
    }

    pub fn names(&mut self, command: StatementCommand) -> Vec<&'static str> {
        let events = self.when(command).unwrap();
        events.iter().map(PartnerStatementEvent::name).collect()
    }

    fn state(&self) -> BreakState {
        self.statement.breaks()[&1].state
    }
}

#[test]
fn the_same_bytes_again_change_nothing_and_other_bytes_are_refused() {
    let mut told = Told::default();
    assert_eq!(told.when(matching(&[])), Err(StatementError::NotImported));
    assert_eq!(told.names(import("aa")), ["StatementImported"]);
    assert_eq!(told.names(import("aa")), [""; 0]);
    let other = StatementError::OtherFile { sha256: "aa".to_owned() };
    assert_eq!(told.when(import("bb")), Err(other));
}

#[test]
fn a_statement_is_compared_once_and_a_long_one_in_several_events() {
    let mut told = Told::default();
    told.names(import("aa"));
    let matched = (1..=12_000)
        .map(|line| MatchedLine { line, position: Position(1), off_by_cents: 0, movement: None })
        .collect();
    let long = StatementCommand::RecordMatching { matched, found: vec![], funding_model: None };
    assert_eq!(told.names(long), ["LinesMatched"; 3]);
    assert_eq!(told.names(matching(&["1.00"])), [""; 0]);
    let mut empty = Told::default();
    empty.names(import("aa"));
    let nothing =
        StatementCommand::RecordMatching { matched: vec![], found: vec![], funding_model: None };
    assert_eq!(empty.names(nothing), ["LinesMatched"]);
    assert!(empty.statement.is_matched());
}

#[test]
fn a_break_is_taken_up_explained_and_resolved_once() {
    let mut told = Told::imported_with(&["0.50"]);
    let assign = StatementCommand::Assign { number: 1, owner: ANNA };
    assert_eq!(told.names(assign.clone()), ["BreakAssigned"]);
    assert_eq!(told.names(assign), [""; 0]);
    let explain = |note: &str| StatementCommand::Explain { number: 1, note: note.to_owned() };
    assert_eq!(told.when(explain("  ")), Err(StatementError::NoNote));
    assert_eq!(told.names(explain("The shop rounded up.")), ["BreakExplained"]);
    assert_eq!(told.when(resolve(BreakOutcome::Arrived)), Err(StatementError::NotByPeople));
    assert_eq!(told.names(resolve(BreakOutcome::CorrectedByPartner)), ["BreakResolved"]);
    let ended = StatementError::AlreadyEnded { state: BreakState::Resolved };
    assert_eq!(told.when(resolve(BreakOutcome::Agreed)), Err(ended.clone()));
    assert_eq!(told.when(force(ANNA)), Err(ended));
    let other = StatementCommand::Assign { number: 2, owner: ANNA };
    assert_eq!(told.when(other), Err(StatementError::NoSuchBreak { number: 2 }));
}

#[test]
fn one_person_forces_a_small_break_and_two_a_large_one() {
    let mut small = Told::imported_with(&["499.99"]);
    assert_eq!(small.names(force(ANNA)), ["BreakForced"]);
    let mut large = Told::imported_with(&["500.00"]);
    assert_eq!(large.names(force(ANNA)), ["BreakForceBegun"]);
    assert_eq!(large.when(force(ANNA)), Err(StatementError::SamePerson { person: ANNA }));
    assert_eq!(large.state(), BreakState::Open);
    // A day later the first word does not stand any more.
    large.later = Duration::hours(24);
    assert_eq!(large.names(force(BEN)), ["BreakForceBegun"]);
    let events = large.when(force(ANNA)).unwrap();
    let [PartnerStatementEvent::BreakForced(forced)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((forced.first_person, forced.second_person), (BEN, Some(ANNA)));
    assert_eq!(large.state(), BreakState::Forced);
}

#[test]
fn what_arrives_later_ends_its_break_by_itself() {
    let mut told = Told::imported_with(&["0.50", "20.00"]);
    let line = MatchedLine { line: 1, position: Position(30), off_by_cents: 0, movement: None };
    let arrive = StatementCommand::Arrive { arrived: vec![(1, Some(line)), (1, Some(line))] };
    assert_eq!(told.names(arrive.clone()), ["LinesMatched", "BreakResolved"]);
    assert_eq!(told.names(arrive), [""; 0]);
    assert_eq!(told.statement.breaks()[&2].state, BreakState::Open);
}

#[test]
fn a_corrected_statement_ends_what_is_open_and_nothing_can_be_done_to_the_old_one() {
    let mut told = Told::imported_with(&["0.50", "20.00"]);
    told.names(resolve(BreakOutcome::Agreed));
    let by = StatementId::of(&"woolworths".parse().unwrap(), day(22), 2);
    let supersede = StatementCommand::Supersede { by };
    assert_eq!(told.names(supersede.clone()), ["BreakResolved", "StatementSuperseded"]);
    assert_eq!(told.names(supersede), [""; 0]);
    assert_eq!(told.when(force(ANNA)), Err(StatementError::Superseded));
    assert_eq!(told.names(import("aa")), [""; 0], "it was imported all the same");
}
