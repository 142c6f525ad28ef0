//! What is a report made of? Tables with names, and what they rest on.
//!
//! Rows: A3.

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use domain::ids::Position;
use domain::period::{Span, SpanKind};
use projections::journal::View;
use rust_decimal::Decimal;

/// Which report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportKind {
    /// Every posting of a day.
    Daily,
    /// What moved in a week, and how old what is open is.
    Weekly,
    /// A month's trial balance, and what became of value that members hold.
    Monthly,
    /// What rules of law and of the house ask about, for a quarter.
    Quarterly,
}

impl ReportKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Daily, Self::Weekly, Self::Monthly, Self::Quarterly];

    /// Its name in addresses and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
            Self::Quarterly => "quarterly",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// How long a period it is about.
    #[must_use]
    pub fn span_kind(self) -> SpanKind {
        match self {
            Self::Daily => SpanKind::Day,
            Self::Weekly => SpanKind::Week,
            Self::Monthly => SpanKind::Month,
            Self::Quarterly => SpanKind::Quarter,
        }
    }

    /// How its period is written, in an example.
    #[must_use]
    pub fn example(self) -> &'static str {
        match self {
            Self::Daily => "2026-11-22",
            Self::Weekly => "2026-W47",
            Self::Monthly => "2026-11",
            Self::Quarterly => "2026-Q4",
        }
    }
}

/// What a report rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestsOn {
    /// The last event that counts.
    pub position: Position,
    /// When it was recorded; none before the first.
    pub recorded_at: Option<DateTime<Utc>>,
    /// The versions of the milestone policy under which its rewards were given.
    pub policy_versions: Vec<String>,
    /// SHA-256 of its figures, in hex.
    pub digest: String,
}

/// A report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Which.
    pub kind: ReportKind,
    /// Of which days.
    pub span: Span,
    /// By which day entries count.
    pub view: View,
    /// What it rests on.
    pub rests_on: RestsOn,
    /// Its tables.
    pub sections: Vec<Section>,
}

impl Report {
    /// The name of its view.
    #[must_use]
    pub fn view_name(&self) -> &'static str {
        match self.view {
            View::Booked => "booked",
            View::Belonging => "belonging",
        }
    }

    /// What it is and rests on, by name, as tables say it.
    #[must_use]
    pub fn about(&self) -> [(&'static str, String); 7] {
        let basis = &self.rests_on;
        [
            ("report", self.kind.as_str().to_owned()),
            ("period", self.span.to_string()),
            ("view", self.view_name().to_owned()),
            ("position", basis.position.to_string()),
            ("recorded_at", basis.recorded_at.map(instant).unwrap_or_default()),
            ("policy_versions", basis.policy_versions.join(" ")),
            ("digest", basis.digest.clone()),
        ]
    }

    /// A name for a file of it.
    #[must_use]
    pub fn file_name(&self, ending: &str) -> String {
        format!("anchor-{}-{}.{ending}", self.kind.as_str(), self.span)
    }
}

/// A table of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its name.
    pub name: &'static str,
    /// The names of its columns.
    pub columns: &'static [&'static str],
    /// Its rows: as many cells each as there are columns.
    pub rows: Vec<Vec<Cell>>,
}

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Nothing to say.
    Empty,
    /// A word or a sentence.
    Text(String),
    /// How many.
    Count(i64),
    /// How much, with two places.
    Amount(Decimal),
    /// A business day.
    Day(NaiveDate),
    /// An instant.
    Time(DateTime<Utc>),
}

impl Cell {
    /// A word.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A number of things.
    #[must_use]
    pub fn count(count: usize) -> Self {
        Self::Count(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// A word, when there is one.
    #[must_use]
    pub fn maybe(text: Option<String>) -> Self {
        text.map_or(Self::Empty, Self::Text)
    }

    /// As it is written, the same on every machine.
    #[must_use]
    pub fn written(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => text.clone(),
            Self::Count(count) => count.to_string(),
            Self::Amount(amount) => money(*amount),
            Self::Day(day) => day.format("%Y-%m-%d").to_string(),
            Self::Time(time) => instant(*time),
        }
    }
}

/// An amount with two places; nothing is never below zero.
#[must_use]
pub fn money(amount: Decimal) -> String {
    let amount = if amount.is_zero() { Decimal::ZERO } else { amount };
    format!("{amount:.2}")
}

/// An instant to the microsecond, as the log has it.
#[must_use]
pub fn instant(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}
