//! What was a writer told about its command? Written down, to be held against the table later.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One command's end, as its writer saw it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// Which command.
    pub command: Uuid,
    /// On which stream.
    pub stream: String,
    /// How many events it wished to record.
    pub events: usize,
    /// How often it was decided; only the last time may be stored.
    pub attempts: u32,
    /// The answer.
    pub answer: Answer,
}

/// The answers that a writer may get.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// It is stored, and ends at this position where the writer is told of one.
    Stored(Option<i64>),
    /// Others were faster; nothing of it is stored.
    Conflict,
    /// It is stored already, though it was never sent before.
    StoredBefore(i64),
    /// Nobody knows: the line was lost. The stock repository cannot tell; the ledger has to.
    Unknown(String),
    /// The log could not take it at the moment; nothing of it is stored.
    Unavailable(String),
    /// Something else went wrong.
    Failed(String),
}
