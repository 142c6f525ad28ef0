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

use std::time::Duration;

use domain::ids::Position;
use domain::period::{Period, PeriodCommand, PeriodError, Span, SpanKind};
use projections::checkpoint::WaitError;
use projections::journal::View;
use projections::{checkpoint, event_log, periods};
use sqlx::PgPool;

use crate::database::Alone;
use crate::ledger::{Context, ExecuteError, Ledger, LoadError};
use crate::reports::{Asked, ReportError, digest, figures_of, sealed_at};

/// The lock that a closing holds in the database.
const CLOSING: i64 = 0x636c_6f73;
/// How long what is recorded already may take to be seen.
const CATCHES_UP: Duration = Duration::from_secs(5);

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

/// What a closing works with.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// Where it is recorded.
    pub ledger: &'a Ledger,
    /// The database that is written to.
    pub pool: &'a PgPool,
    /// Where figures are read: a pool without a statement time-out.
    pub read_pool: &'a PgPool,
}

/// Closes a month; one that is closed stays as it is. `how_far` is told as by [`figures_of`].
///
/// # Errors
/// [`NotClosed`]; nothing was recorded then.
pub async fn close(
    desk: Desk<'_>,
    month: Span,
    context: &Context,
    how_far: impl Fn(Position, Position),
) -> Result<Closed, NotClosed> {
    if month.kind() != SpanKind::Month {
        return Err(PeriodError::NotAMonth.into());
    }
    // Figures have to know every closing before theirs, or an entry could be in neither month.
    let alone = Alone::at(desk.pool, CLOSING).await.map_err(ReportError::from)?;
    let mut alone = alone.ok_or(NotClosed::Busy)?;
    let closed = close_alone((desk, &mut alone), month, context, how_far).await;
    alone.give_back().await;
    closed
}

async fn close_alone(
    (desk, alone): (Desk<'_>, &mut Alone),
    month: Span,
    context: &Context,
    how_far: impl Fn(Position, Position),
) -> Result<Closed, NotClosed> {
    let Desk { ledger, read_pool, .. } = desk;
    if let Some(closed) = closed_before(ledger, month).await? {
        return Ok(closed);
    }
    // All that is recorded by now counts, also what other instances recorded.
    let head = event_log::head(alone.connection()).await.map_err(ReportError::from)?;
    checkpoint::wait_for(read_pool, periods::NAME, head, CATCHES_UP).await.map_err(busy)?;
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

fn busy(error: WaitError) -> NotClosed {
    match error {
        WaitError::NotYet { .. } => NotClosed::Busy,
        WaitError::Database(error) => NotClosed::NoFigures(error.into()),
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
    /// Try again in a moment.
    #[error("somebody else closes a month at this moment, or what was recorded is not seen yet")]
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
