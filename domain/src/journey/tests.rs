//! Reported, corrected, started again: what may follow what?
//!
//! Rows: M1, M2.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn report(started_on: &str, zone: Tz, reason_given: bool) -> JourneyCommand {
    JourneyCommand::Report { started_on: date(started_on), time_zone: zone, reason_given }
}

fn sydney(started_on: &str) -> JourneyCommand {
    report(started_on, Tz::Australia__Sydney, false)
}

fn restart(on: &str) -> JourneyCommand {
    JourneyCommand::Restart { on: date(on) }
}

const TODAY: &str = "2026-11-24T03:00:00Z";

fn given(commands: Vec<JourneyCommand>) -> Journey {
    let mut journey = Journey::default();
    for command in commands {
        let events = journey.decide(command, at(TODAY)).unwrap();
        events.iter().for_each(|event| journey.evolve(event));
    }
    journey
}

fn when(journey: &Journey, command: JourneyCommand) -> Result<Vec<&'static str>, JourneyError> {
    Ok(journey.decide(command, at(TODAY))?.iter().map(JourneyEvent::name).collect())
}

#[test]
fn the_first_report_starts_the_journey_and_the_same_again_is_nothing_new() {
    assert_eq!(when(&given(vec![]), sydney("2026-10-25")), Ok(vec!["JourneyStarted"]));
    let journey = given(vec![sydney("2026-10-25")]);
    assert_eq!(when(&journey, sydney("2026-10-25")), Ok(vec![]));
    assert_eq!(journey.clean_days(at(TODAY)), Some(30));
}

#[test]
fn a_day_that_has_not_begun_for_the_member_is_refused() {
    let late = "2026-11-24T22:00:00Z";
    let tomorrow_in_sydney = sydney("2026-11-25");
    assert!(Journey::default().decide(tomorrow_in_sydney.clone(), at(late)).is_ok());
    let in_perth = report("2026-11-26", Tz::Australia__Perth, false);
    let refusal = Journey::default().decide(in_perth, at(late));
    assert!(matches!(refusal, Err(JourneyError::AfterToday { .. })));
    assert!(matches!(
        when(&given(vec![]), tomorrow_in_sydney),
        Err(JourneyError::AfterToday { .. })
    ));
}

#[test]
fn absurd_dates_are_refused() {
    for absurd in ["1999-12-31", "0001-01-01", "9999-12-31"] {
        assert!(when(&given(vec![]), sydney(absurd)).is_err(), "{absurd}");
    }
}

#[test]
fn another_start_is_a_correction_and_needs_a_reason() {
    let journey = given(vec![sydney("2026-10-25")]);
    let missing = when(&journey, sydney("2026-10-20"));
    assert!(matches!(missing, Err(JourneyError::ReasonMissing { .. })));
    let corrected = report("2026-10-20", Tz::Australia__Sydney, true);
    assert_eq!(when(&journey, corrected), Ok(vec!["JourneyCorrected"]));
    let moved = report("2026-10-25", Tz::Australia__Perth, false);
    assert_eq!(when(&journey, moved), Ok(vec!["TimeZoneChanged"]));
}

#[test]
fn starting_again_keeps_what_was_and_counts_from_there() {
    let journey = given(vec![sydney("2026-10-01"), restart("2026-11-20")]);
    assert_eq!(journey.clean_days(at(TODAY)), Some(4));
    assert_eq!(journey.runs.len(), 2);
    assert_eq!(journey.runs[0].closed_on, Some(date("2026-11-24")));
    assert_eq!(when(&journey, restart("2026-11-20")), Ok(vec![]), "the same again is nothing new");
}

#[test]
fn a_new_start_comes_after_the_one_before() {
    assert_eq!(when(&given(vec![]), restart("2026-11-20")), Err(JourneyError::NotStarted));
    let journey = given(vec![sydney("2026-10-01")]);
    let refusal = when(&journey, restart("2026-09-01"));
    assert!(matches!(refusal, Err(JourneyError::NotAfterStart { .. })));
    assert!(when(&journey, restart("2026-12-01")).is_err());
}
