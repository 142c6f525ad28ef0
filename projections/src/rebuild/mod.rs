//! How is a read model built anew while it is being asked? Beside itself, and then swapped.
//!
//! | file | what it does |
//! | --- | --- |
//! | [`copy`](self::copy) | tables as the live ones have them, in a schema of their own |
//! | `fill` | the log, read once, becomes the rows of several copies |
//! | `swap` | one short transaction: up to the live position, tables and checkpoints change places |
//! | [`compare`] | are two copies the same at one position, row by row? |
//! | `retired` | what was asked before is kept for a week |
//!
//! *Guarantees*: a copy is swapped only when it has come as far as the one that is asked, in the
//! transaction that proves it; a rebuild that was killed goes on where it was, and one of another
//! version starts anew. Reads never fail: they wait for the swap's lock for a moment, and the lock
//! gives up sooner than a queue could form.
//!
//! Rows: A4, Q3.

pub mod compare;
pub(crate) mod copy;
pub(crate) mod exclusive;
pub(crate) mod fill;
mod retired;
mod swap;

use std::sync::Arc;

use domain::ids::Position;
use serde::Serialize;
use sqlx::PgPool;

use self::copy::Copy;
use self::exclusive::Exclusive;
use self::fill::{fill, lowest};
use crate::checkpoint;
use crate::event_log::{self, ReadError};
use crate::projection::Projection;
use crate::runner::RunError;

pub use compare::{Checked, Difference, check};
pub use retired::{Retired, remove_retired};

/// Connections that are needed at once: the workers', one to read the log, and two to look.
pub const CONNECTIONS: u32 = fill::WORKERS as u32 + 3;

/// Told again and again: the position that has been reached, and the one to be reached.
pub type Tell<'a> = &'a (dyn Fn(Position, Position) + Send + Sync);

/// One projection, rebuilt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rebuilt {
    /// Which.
    pub name: &'static str,
    /// The version of its rows.
    pub version: i32,
    /// The position at which it was swapped in.
    pub position: i64,
    /// Whether an earlier, unfinished rebuild was gone on with.
    pub went_on: bool,
    /// The schema in which the rows that were asked before are kept.
    pub kept_in: String,
}

/// Rebuilds these projections beside what is asked, and swaps them in one by one.
///
/// `pool` acts as the owner of the tables, and may have [`CONNECTIONS`].
///
/// # Errors
/// What is asked stays as it is, but for those that were swapped already.
pub async fn rebuild(
    pool: &PgPool,
    projections: &[Arc<dyn Projection>],
    tell: Tell<'_>,
) -> Result<Vec<Rebuilt>, RebuildError> {
    if projections.is_empty() {
        return Ok(Vec::new());
    }
    has_room(pool)?;
    let names: Vec<&str> = projections.iter().map(|projection| projection.name()).collect();
    let held = Exclusive::to_build(pool, &names).await?;
    let rebuilt = build_and_swap(pool, projections, tell).await;
    held.give_back().await;
    rebuilt
}

async fn build_and_swap(
    pool: &PgPool,
    projections: &[Arc<dyn Projection>],
    tell: Tell<'_>,
) -> Result<Vec<Rebuilt>, RebuildError> {
    let mut copies = Vec::new();
    for projection in projections {
        checkpoint::ensure(pool, &**projection).await?;
        let copy = Copy::beside(projection.clone(), format!("rebuild_{}", projection.name()))?;
        let went_on = copy.go_on_or_make(pool).await?;
        copies.push((copy, went_on));
    }
    let targets: Vec<Copy> = copies.iter().map(|(copy, _)| copy.clone()).collect();
    catch_up(pool, &targets, tell).await?;
    let mut rebuilt = Vec::new();
    for (copy, went_on) in copies {
        copy.analyze(pool).await?;
        let swapped = swap::swap(pool, &copy, tell).await?;
        rebuilt.push(Rebuilt {
            name: copy.projection.name(),
            version: copy.projection.version(),
            position: swapped.position.0,
            went_on,
            kept_in: swapped.kept_in,
        });
    }
    Ok(rebuilt)
}

/// That no worker would wait for a connection which another keeps until it is done.
pub(crate) fn has_room(pool: &PgPool) -> Result<(), RebuildError> {
    if pool.options().get_max_connections() >= CONNECTIONS {
        return Ok(());
    }
    Err(RebuildError::TooFewConnections(CONNECTIONS))
}

/// Fills copies until hardly anything is left, however fast the log grows meanwhile.
pub(crate) async fn catch_up(
    pool: &PgPool,
    copies: &[Copy],
    tell: Tell<'_>,
) -> Result<(), RebuildError> {
    loop {
        let head = event_log::whole_head(&mut *pool.acquire().await?).await?;
        let behind = head.0 - lowest(pool, copies).await?.0;
        if behind <= 0 {
            return Ok(());
        }
        fill(pool, copies, head, tell).await?;
        if behind <= swap::SHORT {
            return Ok(());
        }
    }
}

/// Why a read model was not rebuilt. What is asked is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// Wait for the other one.
    #[error("{0} is being rebuilt or checked by somebody else: wait until they are done")]
    UnderWay(String),
    /// Give a name of lower-case letters, digits and `_` that is not in use.
    #[error("{0} cannot be the name of a copy's schema")]
    BadSchema(String),
    /// Mend the program, or the event's cause, and run it again.
    #[error(
        "{name} cannot be built: the event at position {position} does not become rows: {why}"
    )]
    Poison {
        /// Which projection.
        name: &'static str,
        /// Which event.
        position: Position,
        /// Why.
        why: String,
    },
    /// Look who holds the tables for so long; what was built stays, so run it again.
    #[error("{0} was built and not swapped: somebody keeps its tables locked; run it again")]
    Held(&'static str),
    /// Give a larger pool.
    #[error("{0} connections are needed at once")]
    TooFewConnections(u32),
    /// The log could not be read whole.
    #[error(transparent)]
    Log(#[from] ReadError),
    /// A batch could not be committed.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The database could not be asked, or refused.
    #[error("the database did not do it")]
    Database(#[from] sqlx::Error),
    /// Others failed before this one was done; their word says why.
    #[error("the work ended before its time")]
    Ended,
}
