//! Why did a batch not become rows, and will it by itself?
//!
//! | what it lies in | then |
//! | --- | --- |
//! | the event: a rule does not hold, a value does not fit | tried again, found, halted or parked |
//! | the log: a hole, a payload that was changed | halted |
//! | everything else: the database is away, a newer program wrote the event | waited for, and said |
//!
//! Rows: Q3, D6.

use domain::event::DecodeError;

use crate::event_log::ReadError;
use crate::projection::ProjectionError;

/// Classes of SQLSTATE that speak of values: cardinality, data, integrity, a check, a raised error.
const OF_VALUES: &[&str] = &["21", "22", "23", "44", "P0"];

/// Why a batch did not become rows.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The database could not be asked, or the checkpoint had moved.
    #[error("the batch could not be committed")]
    Database(#[from] sqlx::Error),
    /// The log could not be read on.
    #[error("the log could not be read on")]
    Log(#[from] ReadError),
    /// The projection refused it.
    #[error("the projection refused the batch")]
    Projection(#[from] ProjectionError),
}

/// What a failure lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// This event, and it will be the same tomorrow.
    Event,
    /// The log itself.
    Log,
    /// Neither: it passes, or somebody mends it.
    Elsewhere,
}

impl RunError {
    pub(crate) fn fault(&self) -> Fault {
        match self {
            Self::Projection(ProjectionError::Broken { .. }) => Fault::Event,
            Self::Projection(ProjectionError::Database(error)) if is_of_values(error) => {
                Fault::Event
            }
            Self::Log(ReadError::Decode { source: DecodeError::Unknown { .. }, .. }) => {
                Fault::Elsewhere
            }
            Self::Log(ReadError::Database(_)) => Fault::Elsewhere,
            Self::Log(_) => Fault::Log,
            Self::Projection(ProjectionError::Database(_)) | Self::Database(_) => Fault::Elsewhere,
        }
    }

    /// Whether the server gave up because it took too long.
    pub(crate) fn is_too_slow(&self) -> bool {
        let (Self::Projection(ProjectionError::Database(error)) | Self::Database(error)) = self
        else {
            return false;
        };
        error
            .as_database_error()
            .and_then(|error| error.code())
            .is_some_and(|code| code == "57014")
    }
}

fn is_of_values(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => {
            error.code().is_some_and(|code| OF_VALUES.iter().any(|class| code.starts_with(class)))
        }
        sqlx::Error::Decode(_)
        | sqlx::Error::Encode(_)
        | sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::ColumnNotFound(_)
        | sqlx::Error::ColumnIndexOutOfBounds { .. }
        | sqlx::Error::TypeNotFound { .. } => true,
        // Lines, pools, and a checkpoint that somebody else has moved.
        _ => false,
    }
}

/// An error with everything that led to it, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |chain, cause| format!("{chain}: {cause}"))
}
