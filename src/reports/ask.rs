//! Which part of the log is a report made from? Up to where it is asked of, or was sealed at.
//!
//! Rows: A3, A4, A6.

use chrono::{DateTime, NaiveDate, Utc};
use domain::clean_days::local_date;
use domain::ids::Position;
use domain::period::{BUSINESS_ZONE, Span};
use projections::as_of::{AsOf, AsOfError, moment};
use projections::checkpoint;
use projections::event_log::{self, ReadError};
use projections::journal::{Calendar, Closure, Unbalanced, View};
use projections::periods;
use projections::periods::query::PeriodRow;
use sqlx::PgPool;

use super::figures::Figures;
use super::gather::Gathering;
use super::seal::digest;

/// Which figures are asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// Of which days.
    pub span: Span,
    /// By which day entries count.
    pub view: View,
    /// As of which moment; of a closed month, when nobody says, as it was closed.
    pub as_of: Option<AsOf>,
}

/// The figures of a period. `how_far` is told which position has been read, and of which.
///
/// `pool` is one without a statement time-out, as [`event_log::replay`](fn@event_log::replay)
/// wants.
///
/// # Errors
/// [`ReportError`]. There are no figures then, not empty ones.
pub async fn figures_of(
    pool: &PgPool,
    asked: Asked,
    how_far: impl Fn(Position, Position),
) -> Result<Figures, ReportError> {
    let reached = checkpoint::position(pool, periods::NAME).await?;
    let now: DateTime<Utc> = sqlx::query_scalar("SELECT ledger_now()").fetch_one(pool).await?;
    let today: NaiveDate = local_date(now, BUSINESS_ZONE);
    if asked.span.first() > today {
        return Err(ReportError::NotBegun { period: asked.span.to_string() });
    }
    let closed = periods::query::closed(pool, reached).await?;
    let sealed = closed.iter().find(|row| row.last_day >= asked.span.last());
    let at = match (asked.as_of, asked.view, sealed) {
        (Some(as_of), ..) => moment(pool, as_of, reached).await?.0,
        (None, View::Booked, Some(sealed)) => Position(sealed.position),
        (None, ..) => reached,
    };
    let known = periods::query::closed(pool, at).await?;
    let closures: Vec<Closure> = known.iter().map(PeriodRow::closure).collect::<Result<_, _>>()?;
    let mut gathering = Gathering::new(asked.span, Calendar { closures, view: asked.view });
    event_log::replay(pool, Position(0), at, async |batch| {
        batch.iter().try_for_each(|recorded| gathering.enter(recorded))?;
        batch.last().inspect(|last| how_far(last.position, at));
        Ok::<_, ReportError>(())
    })
    .await?;
    let figures = gathering.finish();
    if let Some(row) = closed.iter().find(|row| is_of(row, &figures)) {
        // Accounts and entries are as they were sealed, or nothing is printed.
        if row.digest != digest(&figures) {
            return Err(ReportError::NotAsSealed { month: row.month.clone() });
        }
    }
    Ok(figures)
}

/// Whether these figures are those that a month was closed with.
fn is_of(row: &PeriodRow, figures: &Figures) -> bool {
    figures.view == View::Booked
        && row.month == figures.span.to_string()
        && row.position == figures.position.0
}

/// The closed month that holds a day back, if there is one: the first that reaches it.
///
/// # Errors
/// When the database cannot be asked.
pub async fn sealed_at(pool: &PgPool, day: NaiveDate) -> Result<Option<PeriodRow>, sqlx::Error> {
    let closed = periods::query::closed(pool, Position(i64::MAX)).await?;
    Ok(closed.into_iter().find(|row| row.last_day >= day))
}

/// Why there is no report. It is never an empty one instead.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// Ask once its first day has come.
    #[error("{period} has not begun")]
    NotBegun {
        /// Which.
        period: String,
    },
    /// It says what to ask for instead.
    #[error(transparent)]
    AsOf(#[from] AsOfError),
    /// Look at the log with people: `anchor rebuild --all --check`, then the seals.
    #[error("the figures of {month} are not those that it was closed with")]
    NotAsSealed {
        /// Which.
        month: String,
    },
    /// Look at the log with people.
    #[error(transparent)]
    Unbalanced(#[from] Unbalanced),
    /// The log could not be read to the end.
    #[error("the log could not be read")]
    Log(#[from] ReadError),
    /// The database could not be asked.
    #[error("the books could not be read")]
    Database(#[from] sqlx::Error),
}
