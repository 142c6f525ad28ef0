//! How can a command end without its events? Five ways, because a caller has five things to do.

use std::error::Error;

use domain::ids::Position;

/// Why a command was not recorded.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError<E: Error + 'static> {
    /// A rule said no; nothing has changed. Tell whoever asked.
    #[error("the command was refused")]
    Refused(#[source] E),
    /// This very command has been recorded before. Answer as before.
    #[error("the command was recorded before, up to position {position}")]
    Duplicate {
        /// Where its last event stands.
        position: Position,
    },
    /// Others were faster, again and again. Ask again.
    #[error("the stream changed too often meanwhile")]
    Conflict,
    /// The log cannot be reached, or has too much to do. Ask again later.
    #[error("the ledger cannot take it at the moment")]
    Unavailable(#[source] LedgerError),
    /// The stream cannot be read or the event not be stored as it is. People have to look.
    #[error("the stream cannot be continued")]
    Corrupt(#[source] Box<dyn Error + Send + Sync>),
}

/// What may be wrong on the way to the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// Another command was first on this stream.
    #[error("another command was first on this stream")]
    Conflict,
    /// Wait a moment and ask again.
    #[error("the queue is full")]
    QueueFull,
    /// The server could not be reached in time; nothing was sent.
    #[error("the log could not be reached; nothing was sent")]
    NotSent,
    /// The server was lost after the call and has not come back; look before asking again.
    #[error("the log was lost after the call; the outcome is not known")]
    OutcomeUnknown,
    /// The database refused these very events.
    #[error("the log refused the event ({code})")]
    Rejected {
        /// The SQLSTATE.
        code: String,
    },
    /// The ledger has been stopped.
    #[error("the ledger has stopped")]
    Stopped,
    /// The first connection failed.
    #[error("the log cannot be reached: {0}")]
    Unreachable(String),
}

/// Why a stream could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Ask again later.
    #[error("the log cannot be read at the moment")]
    Unavailable(#[source] LedgerError),
    /// People have to look: an event cannot be decoded, or one is missing.
    #[error("the stream cannot be read")]
    Corrupt(#[source] Box<dyn Error + Send + Sync>),
}
