//! Which days does a span have, and what does closing a month allow afterwards?
//!
//! Rows: A3, A6.

use chrono::{DateTime, Utc};
use proptest::prelude::*;

use super::*;
use crate::ids::Position;

fn span(text: &str) -> Span {
    text.parse().unwrap()
}

#[test]
fn a_span_is_a_day_a_week_a_month_or_a_quarter() {
    for (text, first, last, next) in [
        ("2026-11-22", "2026-11-22", "2026-11-22", "2026-11-23"),
        ("2026-W47", "2026-11-16", "2026-11-22", "2026-W48"),
        ("2020-W53", "2020-12-28", "2021-01-03", "2021-W01"),
        ("2026-11", "2026-11-01", "2026-11-30", "2026-12"),
        ("2028-02", "2028-02-01", "2028-02-29", "2028-03"),
        ("2026-Q4", "2026-10-01", "2026-12-31", "2027-Q1"),
    ] {
        let span = span(text);
        let days = (span.first().to_string(), span.last().to_string());
        assert_eq!((days.0.as_str(), days.1.as_str()), (first, last), "{text}");
        assert_eq!(span.next().to_string(), next, "{text}");
    }
}

#[test]
fn anything_else_is_no_span() {
    for text in [
        "",
        "2026",
        "2026-",
        "2026-13",
        "2026-00",
        "2026-1",
        "2026-11-31",
        "2026-11-1",
        "26-11",
        "2026-Q0",
        "2026-Q5",
        "2026-W00",
        "2026-W54",
        "2021-W53",
        "2026-W1",
        "1999-11",
        "+2026-11",
        "2026-11 ",
        "2026-Q01",
        "2026-11-22T00:00:00Z",
        "2026-W4294967295",
        "2026-Q4294967295",
    ] {
        assert_eq!(text.parse::<Span>(), Err(NotASpan), "{text}");
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_the_same(day in 730_120..740_000_i32, kind in 0..3_u8) {
        let day = chrono::NaiveDate::from_num_days_from_ce_opt(day).unwrap();
        let month = Span::month_of(day);
        let span = match kind {
            0 => Span::day(day),
            1 => month,
            _ => month.next(),
        };
        prop_assert_eq!(span.to_string().parse(), Ok(span));
        prop_assert!(span.first() <= span.last());
        prop_assert_eq!(span.last().succ_opt(), Some(span.next().first()));
    }
}

fn close(month: &str, position: i64, digest: &str) -> PeriodCommand {
    PeriodCommand::Close {
        month: span(month),
        position: Position(position),
        digest: digest.to_owned(),
    }
}

#[test]
fn a_month_closes_once_it_is_over_in_sydney_and_then_for_good() {
    let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    let mut period = Period::default();
    // The last minute of November in Sydney, and the first of December.
    let early = period.decide(close("2026-11", 9, "aa"), at("2026-11-30T12:59:00Z"));
    assert_eq!(early, Err(PeriodError::NotOver { month: "2026-11".to_owned() }));
    let now = at("2026-11-30T13:00:00Z");
    let events = period.decide(close("2026-11", 9, "aa"), now).unwrap();
    events.iter().for_each(|event| period.evolve(event));
    assert_eq!(period.closed(), Some((Position(9), "aa")));
    assert_eq!(period.decide(close("2026-11", 12, "aa"), now), Ok(vec![]));
    let closed = PeriodError::AlreadyClosed { month: "2026-11".into(), position: Position(9) };
    assert_eq!(period.decide(close("2026-11", 12, "bb"), now), Err(closed));
    let day = Period::default().decide(close("2026-11-22", 9, "aa"), now);
    assert_eq!(day, Err(PeriodError::NotAMonth));
}
