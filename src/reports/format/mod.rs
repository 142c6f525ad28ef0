//! As which bytes is a report given? One file for each format, and the same bytes everywhere.
//!
//! *Guarantees*: no format asks for the machine's time, zone or locale.
//!
//! Rows: A3, A7.

mod beancount;
mod csv;
mod hledger;
mod json;
mod xlsx;

use super::figures::Figures;
use super::kinds::report;
use super::model::{Report, ReportKind, instant};

/// A format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For programs.
    Json,
    /// For tables.
    Csv,
    /// For spreadsheets.
    Xlsx,
    /// A journal for hledger, with what accounts hold after each day.
    Hledger,
    /// A journal for beancount, with what accounts hold after each day.
    Beancount,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Json, Self::Csv, Self::Xlsx, Self::Hledger, Self::Beancount];

    /// Its name in addresses and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Hledger => "hledger",
            Self::Beancount => "beancount",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == name)
    }

    /// How names of such files end.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Self::Hledger => "journal",
            Self::Json | Self::Csv | Self::Xlsx | Self::Beancount => self.as_str(),
        }
    }

    /// Its media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Hledger | Self::Beancount => "text/plain; charset=utf-8",
        }
    }
}

/// A report's bytes.
#[derive(Debug, Clone)]
pub struct Printed {
    /// The report.
    pub report: Report,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The report of this kind over these figures, in this format.
///
/// # Errors
/// When a file of this format cannot be made.
pub fn print(kind: ReportKind, format: Format, figures: &Figures) -> Result<Printed, NotPrinted> {
    let report = report(kind, figures);
    let bytes = match format {
        Format::Json => json::written(&report)?,
        Format::Csv => csv::written(&report).into_bytes(),
        Format::Xlsx => xlsx::written(&report)?,
        Format::Hledger => hledger::written(&report, figures).into_bytes(),
        Format::Beancount => beancount::written(&report, figures).into_bytes(),
    };
    Ok(Printed { report, bytes })
}

/// What a journal says first: what it is, and what it rests on.
fn heading(report: &Report) -> String {
    let basis = &report.rests_on;
    let (kind, span, view) = (report.kind.as_str(), report.span, report.view_name());
    let (position, digest) = (basis.position, &basis.digest);
    let at = basis.recorded_at.map(instant).unwrap_or_default();
    let policies = basis.policy_versions.join(" ");
    format!(
        "; Anchor, {kind} {span} ({view})\n; position {position} recorded at {at}\n\
         ; policy versions: {policies}\n; digest of the figures: {digest}\n\n"
    )
}

/// A file could not be made.
#[derive(Debug, thiserror::Error)]
pub enum NotPrinted {
    /// It is our fault.
    #[error("the report could not be written as JSON")]
    Json(#[from] serde_json::Error),
    /// There is more than a sheet can hold, or it is our fault: ask for a shorter period, or CSV.
    #[error("the report could not be written as a spreadsheet")]
    Sheet(#[from] rust_xlsxwriter::XlsxError),
}
