//! Which rule refused?
//!
//! Rows: A2.

use uuid::Uuid;

use super::breaks::BreakState;

/// Why nothing was recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// A corrected file has a higher sequence.
    #[error(
        "another file of that day and sequence has been imported; a corrected one has a higher \
         sequence"
    )]
    OtherFile {
        /// The digest of the one that was.
        sha256: String,
    },
    /// Import it first.
    #[error("this statement has not been imported")]
    NotImported,
    /// Look at the one in its place.
    #[error("another statement stands in the place of this one")]
    Superseded,
    /// Look at the list of breaks.
    #[error("this statement has no break {number}")]
    NoSuchBreak {
        /// Which was asked for.
        number: u32,
    },
    /// It has ended.
    #[error("this break is {} already", state.as_str())]
    AlreadyEnded {
        /// How.
        state: BreakState,
    },
    /// Choose one that a person can give.
    #[error("that outcome is found by the program, not given by a person")]
    NotByPeople,
    /// Somebody else has to say the same.
    #[error("the second person has to be another one than the first")]
    SamePerson {
        /// Who it was both times.
        person: Uuid,
    },
    /// Have a corrected statement brought, or say what was found.
    #[error("so much differs that nobody can tell by how much: it cannot be forced")]
    TooMuchDiffers,
    /// Say it in a sentence.
    #[error("a note has 1 to 2,000 characters")]
    NoNote,
}
