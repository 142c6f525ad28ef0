//! Who wants it, why, and as part of what? Stored with every event, without personal data.
//!
//! Rows: R1.

use domain::ids::Position;
use serde::Serialize;
use uuid::Uuid;

/// The circumstances of a command.
#[derive(Debug, Clone)]
pub struct Context {
    /// This command's own id: how a lost answer is looked up.
    pub command_id: Uuid,
    /// What it belongs to, across streams.
    pub correlation: String,
    /// The event that led to it.
    pub causation: Option<Position>,
    /// Who: `member:<uuid>`, `partner:<id>`, `process:<name>` …
    pub actor: String,
    /// Why, as a code or a sentence without personal data.
    pub reason: String,
}

impl Context {
    /// A command by `actor` for `reason`, with ids of its own.
    #[must_use]
    pub fn new(actor: impl Into<String>, reason: impl Into<String>) -> Self {
        let command_id = Uuid::now_v7();
        Self {
            command_id,
            correlation: command_id.to_string(),
            causation: None,
            actor: actor.into(),
            reason: reason.into(),
        }
    }

    /// The same, as a consequence of the event at `position`.
    #[must_use]
    pub fn caused_by(self, position: Position) -> Self {
        Self { causation: Some(position), ..self }
    }

    /// The same, as part of something larger.
    #[must_use]
    pub fn correlated(self, with: impl Into<String>) -> Self {
        Self { correlation: with.into(), ..self }
    }

    /// The same, under an id that a repeat would have too.
    #[must_use]
    pub fn with_command_id(self, command_id: Uuid) -> Self {
        Self { command_id, ..self }
    }

    /// The same, for one command of several: with an id of its own. After a conflict a command is
    /// looked up by that id, and must not be taken for one that came before it.
    #[must_use]
    pub fn for_one_command(&self) -> Self {
        self.clone().with_command_id(Uuid::now_v7())
    }

    /// What is stored with each of its events, as JSON.
    pub(super) fn metadata(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&Metadata {
            actor: &self.actor,
            causation: self.causation.map(|position| position.to_string()),
            command_id: self.command_id,
            correlation: &self.correlation,
            reason: &self.reason,
        })
    }
}

#[derive(Serialize)]
struct Metadata<'c> {
    actor: &'c str,
    #[serde(skip_serializing_if = "Option::is_none")]
    causation: Option<String>,
    command_id: Uuid,
    correlation: &'c str,
    reason: &'c str,
}
