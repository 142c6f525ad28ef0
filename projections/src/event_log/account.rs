//! How many events must there be? The ledger's own book of batches says, and has to be whole too.
//!
//! Each append writes one row into `ledger_batches` in its own transaction. Whoever removes an
//! event, wherever, leaves a batch that tells of it; whoever removes a batch leaves events that no
//! batch tells of. (Whoever removes both, from the end, is found by the seals alone.)
//!
//! Rows: A4.

use domain::ids::Position;
use sqlx::PgConnection;

use super::ReadError;

/// Where the log ends: events and batches agree on it, as one snapshot shows them.
///
/// # Errors
/// [`ReadError::TwoEnds`] when they do not.
pub async fn whole_head(connection: &mut PgConnection) -> Result<Position, ReadError> {
    let (batches, events): (i64, i64) = sqlx::query_as(
        "SELECT coalesce((SELECT last_position FROM public.ledger_batches
                           ORDER BY first_position DESC LIMIT 1), 0),
                coalesce((SELECT position FROM public.events ORDER BY position DESC LIMIT 1), 0)",
    )
    .fetch_one(connection)
    .await?;
    if batches == events {
        return Ok(Position(batches));
    }
    Err(ReadError::TwoEnds { events: Position(events), batches: Position(batches) })
}

/// That the batches account for exactly the events after `after` up to `to`; answers how many that
/// is.
///
/// # Errors
/// [`ReadError::NotWhole`] when they tell of more or fewer.
pub async fn must_be_there(
    connection: &mut PgConnection,
    after: Position,
    to: Position,
) -> Result<i64, ReadError> {
    let accounted: i64 = sqlx::query_scalar(
        "SELECT coalesce(sum(least(last_position, $2) - greatest(first_position, $1 + 1) + 1), 0)
                ::bigint
           FROM public.ledger_batches
          WHERE first_position <= $2 AND last_position > $1
            AND first_position >= coalesce((SELECT b.first_position FROM public.ledger_batches b
                                             WHERE b.first_position <= $1 + 1
                                             ORDER BY b.first_position DESC LIMIT 1), 0)",
    )
    .bind(after.0)
    .bind(to.0)
    .fetch_one(connection)
    .await?;
    let wanted = to.0 - after.0;
    if accounted == wanted {
        return Ok(wanted);
    }
    Err(ReadError::NotWhole { after, to, accounted })
}
