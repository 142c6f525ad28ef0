//! How is a month closed? Its figures are taken as of a position, checked, and sealed by their
//! digest.
//!
//! ```text
//! log up to here ─▶ figures ─▶ sound? ─▶ digest ─▶ PeriodClosed
//! ```
//!
//! What is recorded while that happens comes after the position and is late, so nothing is held up.
//! Closing a month closes every month before it, too: what comes later for any of them is booked in
//! the open.
//!
//! *Why beside `reports`*: those read and never write.
//!
//! Rows: A6.

use domain::ids::Position;
use domain::period::{Period, PeriodCommand, PeriodError, Span, SpanKind};
use projections::journal::View;
use sqlx::PgPool;

use crate::ledger::{Context, ExecuteError, Ledger, LoadError};
use crate::reports::{Asked, ReportError, digest, figures_of, sealed_at};

/// A month that is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// Which.
    pub month: Span,
    /// The last event that its figures count.
    pub position: Position,
    /// SHA-256 of its figures, in hex.
    pub digest: String,
    /// It had been closed before; nothing was recorded.
    pub was_closed: bool,
    /// Where the log says so.
    pub recorded_at: Position,
}

/// Closes a month; one that is closed stays as it is.
///
/// `read_pool` is one without a statement time-out; `how_far` is told as by [`figures_of`].
///
/// # Errors
/// [`NotClosed`]; nothing was recorded then.
pub async fn close(
    ledger: &Ledger,
    read_pool: &PgPool,
    month: Span,
    context: &Context,
    how_far: impl Fn(Position, Position),
) -> Result<Closed, NotClosed> {
    if month.kind() != SpanKind::Month {
        return Err(PeriodError::NotAMonth.into());
    }
    if let Some(closed) = closed_before(ledger, month).await? {
        return Ok(closed);
    }
    if let Some(later) = sealed_at(read_pool, month.last()).await.map_err(ReportError::from)? {
        return Err(NotClosed::LaterClosed { month, later: later.month });
    }
    let asked = Asked { span: month, view: View::Booked, as_of: None };
    let figures = figures_of(read_pool, asked, how_far).await?;
    if !figures.are_sound() {
        return Err(NotClosed::Unsound { month });
    }
    let (position, digest) = (figures.position, digest(&figures));
    let command = PeriodCommand::Close { month, position, digest: digest.clone() };
    match ledger.execute::<Period, _>(&month.to_string(), command, context).await {
        Ok(executed) => {
            let recorded_at = executed.position;
            Ok(Closed { month, position, digest, was_closed: false, recorded_at })
        }
        Err(ExecuteError::Refused(refusal)) => Err(refusal.into()),
        // Somebody else was quicker.
        Err(ExecuteError::Duplicate { .. } | ExecuteError::Conflict) => {
            closed_before(ledger, month).await?.ok_or(NotClosed::Busy)
        }
        Err(error @ (ExecuteError::Unavailable(_) | ExecuteError::Corrupt(_))) => {
            Err(NotClosed::NotRecorded(error))
        }
    }
}

async fn closed_before(ledger: &Ledger, month: Span) -> Result<Option<Closed>, LoadError> {
    let known = ledger.load::<Period>(&month.to_string()).await?;
    Ok(known.state.closed().map(|(position, digest)| Closed {
        month,
        position,
        digest: digest.to_owned(),
        was_closed: true,
        recorded_at: known.position,
    }))
}

/// Why a month is not closed.
#[derive(Debug, thiserror::Error)]
pub enum NotClosed {
    /// It says which rule.
    #[error(transparent)]
    Refused(#[from] PeriodError),
    /// It was closed with that one.
    #[error("{later} is closed, and {month} with it")]
    LaterClosed {
        /// Which.
        month: Span,
        /// The later one.
        later: String,
    },
    /// Look at `checks` in its monthly report, with people.
    #[error("what must hold of the figures of {month} does not: see the checks in its report")]
    Unsound {
        /// Which.
        month: Span,
    },
    /// Try again.
    #[error("somebody else closes it at this moment")]
    Busy,
    /// There are no figures.
    #[error(transparent)]
    NoFigures(#[from] ReportError),
    /// The ledger could not be asked.
    #[error("the log could not be read")]
    NotLoaded(#[from] LoadError),
    /// The ledger did not take it.
    #[error("the month could not be closed")]
    NotRecorded(#[source] ExecuteError<PeriodError>),
}
