//! Which report is wanted, in which format, and where does it go?
//!
//! What is printed is the file itself, the same bytes as over HTTP.
//!
//! Rows: A3, A4, A7, U5.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use domain::ids::Position;
use domain::period::Span;
use projections::as_of::AsOf;
use projections::journal::View;
use serde_json::json;

use crate::cli::exit::{Difference, Refusal};
use crate::cli::read_models::fits;
use crate::cli::read_models::progress::Shown;
use crate::config;
use crate::database::{self, Role};
use crate::reports::format::{Format, print};
use crate::reports::{Asked, ReportError, ReportKind, figures_of};

/// Reads the log ahead, and asks beside it.
const CONNECTIONS: u32 = 2;

/// Which report.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Kind {
    /// Every posting of a day
    Daily,
    /// What moved in a week, and how old what is open is
    Weekly,
    /// A month's trial balance and roll-forward
    Monthly,
    /// What rules ask about, for a quarter
    Quarterly,
}

/// In which format.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum As {
    /// For programs
    Json,
    /// For tables
    Csv,
    /// For spreadsheets
    Xlsx,
    /// For hledger
    Hledger,
    /// For beancount
    Beancount,
}

/// By which day late items count.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum By {
    /// In the open month, when theirs was closed
    Booked,
    /// Where they belong
    Belonging,
}

/// What `anchor report` is given.
#[derive(Debug, Args)]
pub struct ReportArguments {
    /// Which report
    kind: Kind,
    /// 2026-11-22, 2026-W47, 2026-11 or 2026-Q4
    #[arg(long, value_name = "P")]
    period: Span,
    /// In which format
    #[arg(long, default_value = "json")]
    format: As,
    /// By which day late items count
    #[arg(long, default_value = "booked")]
    view: By,
    /// As of this time or position; when absent, now, or as it was closed
    #[arg(long, value_name = "TIME|N", value_parser = parse_as_of)]
    as_of: Option<AsOf>,
    /// Write it there instead of printing it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Makes the report, and prints or keeps it.
///
/// # Errors
/// When there is none; [`Difference`], after it was given, when a check in it does not hold.
pub async fn run(arguments: ReportArguments, json: bool) -> anyhow::Result<()> {
    let kind = kind_of(arguments.kind);
    if arguments.period.kind() != kind.span_kind() {
        let (name, example) = (kind.as_str(), kind.example());
        return Err(Refusal(format!("a {name} report has a period such as {example}")).into());
    }
    let url = config::database_url(&|name| std::env::var(name).ok())?;
    let pool = database::connect(&url, Role::Read, CONNECTIONS).await?;
    fits(&pool).await?;
    let view = match arguments.view {
        By::Booked => View::Booked,
        By::Belonging => View::Belonging,
    };
    let asked = Asked { span: arguments.period, view, as_of: arguments.as_of };
    let shown = Shown::of("reading the log");
    let figures = figures_of(&pool, asked, |reached, to| shown.tell(reached, to));
    let figures = figures.await.map_err(refused)?;
    drop(shown);
    let printed = print(kind, format_of(arguments.format), &figures)?;
    match arguments.out {
        Some(file) => {
            let shown = file.display();
            std::fs::write(&file, &printed.bytes)
                .with_context(|| format!("{shown} cannot be written"))?;
            let position = figures.position;
            if json {
                let digest = &printed.report.rests_on.digest;
                let said = json!({ "file": file, "position": position, "digest": digest });
                println!("{said}");
            } else {
                println!("{shown}: as of position {position}");
            }
        }
        None => std::io::stdout().write_all(&printed.bytes)?,
    }
    if figures.are_sound() {
        Ok(())
    } else {
        Err(Difference("a check in the report does not hold: see `checks`".to_owned()).into())
    }
}

/// What was asked for cannot be; what went wrong by itself is a failure.
pub(super) fn refused(error: ReportError) -> anyhow::Error {
    match error {
        ReportError::NotBegun { .. } | ReportError::AsOf(_) => Refusal(error.to_string()).into(),
        error @ (ReportError::NotAsSealed { .. }
        | ReportError::Unbalanced(_)
        | ReportError::Log(_)
        | ReportError::Database(_)) => error.into(),
    }
}

fn kind_of(kind: Kind) -> ReportKind {
    match kind {
        Kind::Daily => ReportKind::Daily,
        Kind::Weekly => ReportKind::Weekly,
        Kind::Monthly => ReportKind::Monthly,
        Kind::Quarterly => ReportKind::Quarterly,
    }
}

fn format_of(format: As) -> Format {
    match format {
        As::Json => Format::Json,
        As::Csv => Format::Csv,
        As::Xlsx => Format::Xlsx,
        As::Hledger => Format::Hledger,
        As::Beancount => Format::Beancount,
    }
}

fn parse_as_of(text: &str) -> Result<AsOf, String> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let position = text.parse().map_err(|_| "that is no position".to_owned())?;
        return Ok(AsOf::Position(Position(position)));
    }
    chrono::DateTime::parse_from_rfc3339(text)
        .map(|time| AsOf::Time(time.to_utc()))
        .map_err(|_| "a moment is written as 2026-09-30T23:59:59Z, or as a position".to_owned())
}
