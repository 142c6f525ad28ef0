//! How does every projection stand? For readiness, metrics and people.
//!
//! Rows: Q3, U6.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgPool;

use crate::checkpoint::LIVE;

/// How a copy of a read model stands.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct ProjectionStatus {
    /// Its name.
    pub name: String,
    /// The schema its rows are in: `read` for the copy that is asked.
    pub schema: String,
    /// The version of its rows.
    pub version: i32,
    /// The last position it has projected.
    pub position: i64,
    /// building, live, retired or halted.
    pub state: String,
    /// Whether the rows that are asked are of another version than this program's: they wait for
    /// `anchor rebuild`, or for the program that is newer than this one.
    #[sqlx(skip)]
    pub needs_rebuild: bool,
    /// Events it has yet to project.
    pub lag_positions: i64,
    /// How long ago the next of them was recorded, in seconds; 0 without any.
    pub lag_seconds: i64,
    /// Events set aside.
    pub parked: i64,
    /// Why it halted, or does not move.
    pub error: Option<String>,
    /// When its checkpoint moved last.
    pub updated_at: DateTime<Utc>,
}

impl ProjectionStatus {
    /// Whether it is the copy that is asked.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.schema == LIVE
    }

    /// Its state in one word, for people and programs.
    #[must_use]
    pub fn word(&self) -> &str {
        if self.needs_rebuild { "needs_rebuild" } else { &self.state }
    }
}

/// How every projection stands: the copies that are asked, and those being built.
///
/// # Errors
/// When the database cannot be asked.
pub async fn status(pool: &PgPool) -> Result<Vec<ProjectionStatus>, sqlx::Error> {
    let mut all: Vec<ProjectionStatus> = sqlx::query_as(
        "WITH head AS (SELECT coalesce((SELECT last_position FROM public.ledger_batches
                                         ORDER BY first_position DESC LIMIT 1), 0) AS at)
         SELECT c.name, c.schema, c.version, c.position, c.state,
                greatest(head.at - c.position, 0) AS lag_positions,
                coalesce((SELECT greatest(extract(epoch FROM ledger_now() - b.recorded_at), 0)::bigint
                            FROM public.ledger_batches b
                           WHERE b.first_position <= c.position + 1 AND c.position < head.at
                           ORDER BY b.first_position DESC LIMIT 1), 0) AS lag_seconds,
                (SELECT count(*) FROM public.parked p
                  WHERE p.name = c.name AND p.schema = c.schema) AS parked,
                c.error, c.updated_at
           FROM public.checkpoints c, head
          WHERE c.state <> 'retired' ORDER BY c.name, c.schema <> 'read', c.schema",
    )
    .fetch_all(pool)
    .await?;
    let wanted = crate::all();
    for status in &mut all {
        let ours = wanted.iter().find(|projection| projection.name() == status.name);
        status.needs_rebuild = status.is_asked()
            && ours.is_some_and(|projection| projection.version() != status.version);
    }
    Ok(all)
}
