//! What does a read model have to provide? A name, a version, and how a batch of events becomes
//! rows.
//!
//! *Guarantees*: `project` runs inside the transaction that also moves the checkpoint: rows and
//! checkpoint commit together or not at all. Batches arrive in position order, without a gap and
//! without a repeat.
//!
//! Rows: Q3, A4.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::AnchorEvent;
use domain::ids::Position;
use serde::Deserialize;
use sqlx::PgConnection;
use uuid::Uuid;

/// One event of the log with everything its row says.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Its place in the log.
    pub position: Position,
    /// When the ledger recorded it; never decreases along the log.
    pub recorded_at: DateTime<Utc>,
    /// The stream's kind, such as `reward`.
    pub aggregate_type: &'static str,
    /// The stream's id.
    pub aggregate_id: String,
    /// Its place in the stream, from 1.
    pub sequence: i64,
    /// What happened.
    pub event: AnchorEvent,
    /// Who, why, and as part of what: the row's metadata, read when somebody asks
    /// ([`Recorded::context`]).
    pub metadata: Box<str>,
}

impl Recorded {
    /// Who, why, and as part of what. What the metadata does not hold is empty.
    #[must_use]
    pub fn context(&self) -> RecordedContext {
        serde_json::from_str(&self.metadata).unwrap_or_default()
    }

    /// The stream's id, where all of its kind have one of this form.
    ///
    /// # Errors
    /// [`ProjectionError::Broken`]: where money is counted, nothing is passed over.
    pub fn stream(&self) -> Result<Uuid, ProjectionError> {
        let rule = "that its stream has a unique id";
        let broken = ProjectionError::Broken { rule, position: self.position };
        self.aggregate_id.parse().map_err(|_| broken)
    }
}

/// The metadata of a row: texts without personal data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct RecordedContext {
    /// The command that made it.
    pub command_id: String,
    /// What it belongs to, across streams.
    pub correlation: String,
    /// The position of the event that led to it, if one did.
    pub causation: String,
    /// Who: `member:<uuid>`, `partner:<id>`, `process:<name>` …
    pub actor: String,
    /// Why, as a code or a sentence without personal data.
    pub reason: String,
}

/// What happens to an event that cannot be projected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Poison {
    /// Stop this projection and say so: money is never skipped.
    Halt,
    /// Set the event and the later ones of its stream aside, go on with the others.
    Park,
}

/// Folds events into the rows of one read model.
#[async_trait]
pub trait Projection: Send + Sync + 'static {
    /// The key of its checkpoint and the name people use for it.
    fn name(&self) -> &'static str;

    /// Raised with every change of what the rows are.
    fn version(&self) -> i32;

    /// The tables it owns, unqualified: nobody else writes them.
    fn tables(&self) -> &'static [&'static str];

    /// Columns that workers move by themselves: a rebuild derives them anew from the log, and a
    /// comparison leaves them out.
    fn working_columns(&self) -> &'static [&'static str] {
        &[]
    }

    /// What happens to an event that cannot be projected.
    fn on_poison(&self) -> Poison {
        Poison::Halt
    }

    /// Turns a batch into rows. Set-based: a handful of statements for the whole batch.
    ///
    /// # Errors
    /// Nothing of the batch is kept.
    async fn project(
        &self,
        batch: &[Recorded],
        tx: &mut PgConnection,
    ) -> Result<(), ProjectionError>;
}

/// Why a batch could not become rows.
#[derive(Debug, thiserror::Error)]
pub enum ProjectionError {
    /// The database refused or could not be reached.
    #[error("the read model could not be written")]
    Database(#[from] sqlx::Error),
    /// A rule that must hold for these rows does not: stop and look.
    #[error("{rule} does not hold at position {position}")]
    Broken {
        /// Which rule.
        rule: &'static str,
        /// At which event.
        position: Position,
    },
}
