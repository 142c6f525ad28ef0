//! Which days is a report about? A day, an ISO week, a month or a quarter, in business dates.
//!
//! Rows: A3.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, Days, Months, NaiveDate, Weekday};

/// How long a span is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SpanKind {
    /// One business day.
    Day,
    /// Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
    /// Three calendar months.
    Quarter,
}

/// A day, week, month or quarter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    kind: SpanKind,
    first: NaiveDate,
}

impl Span {
    /// The day.
    #[must_use]
    pub fn day(day: NaiveDate) -> Self {
        Self { kind: SpanKind::Day, first: day }
    }

    /// The month that a day lies in.
    #[must_use]
    pub fn month_of(day: NaiveDate) -> Self {
        let first = day.with_day(1).unwrap_or(day);
        Self { kind: SpanKind::Month, first }
    }

    /// How long it is.
    #[must_use]
    pub fn kind(self) -> SpanKind {
        self.kind
    }

    /// Its first day.
    #[must_use]
    pub fn first(self) -> NaiveDate {
        self.first
    }

    /// Its last day.
    #[must_use]
    pub fn last(self) -> NaiveDate {
        let next = match self.kind {
            SpanKind::Day => return self.first,
            SpanKind::Week => self.first.checked_add_days(Days::new(7)),
            SpanKind::Month => self.first.checked_add_months(Months::new(1)),
            SpanKind::Quarter => self.first.checked_add_months(Months::new(3)),
        };
        next.and_then(|next| next.pred_opt()).unwrap_or(NaiveDate::MAX)
    }

    /// The one that follows.
    #[must_use]
    pub fn next(self) -> Self {
        let first = self.last().succ_opt().unwrap_or(NaiveDate::MAX);
        Self { kind: self.kind, first }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.first;
        match self.kind {
            SpanKind::Day => write!(f, "{first}"),
            SpanKind::Week => {
                let week = first.iso_week();
                write!(f, "{:04}-W{:02}", week.year(), week.week())
            }
            SpanKind::Month => write!(f, "{:04}-{:02}", first.year(), first.month()),
            SpanKind::Quarter => write!(f, "{:04}-Q{}", first.year(), first.month0() / 3 + 1),
        }
    }
}

impl FromStr for Span {
    type Err = NotASpan;

    fn from_str(text: &str) -> Result<Self, NotASpan> {
        let found = text.split_once('-').and_then(|(year, rest)| {
            let is_year = year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit());
            let year: i32 = year.parse().ok().filter(|year| is_year && *year >= 2000)?;
            let number = |text: &str| text.parse::<u32>().ok();
            if let Some(week) = rest.strip_prefix('W') {
                let first = NaiveDate::from_isoywd_opt(year, number(week)?, Weekday::Mon)?;
                Some(Self { kind: SpanKind::Week, first })
            } else if let Some(quarter) = rest.strip_prefix('Q') {
                let month = number(quarter)?.checked_sub(1)?.checked_mul(3)?.checked_add(1)?;
                let first = NaiveDate::from_ymd_opt(year, month, 1)?;
                Some(Self { kind: SpanKind::Quarter, first })
            } else if let Some((month, day)) = rest.split_once('-') {
                let first = NaiveDate::from_ymd_opt(year, number(month)?, number(day)?)?;
                Some(Self { kind: SpanKind::Day, first })
            } else {
                let first = NaiveDate::from_ymd_opt(year, number(rest)?, 1)?;
                Some(Self { kind: SpanKind::Month, first })
            }
        });
        // One way to write each: with its leading zeros, and with nothing else.
        found.filter(|span| span.to_string() == text).ok_or(NotASpan)
    }
}

/// Text that names no span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a period is a day (2026-11-22), a week (2026-W47), a month (2026-11) or a quarter (2026-Q4)"
)]
pub struct NotASpan;
