//! In what may a statement and our log differ, and how does that end?
//!
//! Rows: A2.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::movement::MovementKind;
use crate::money::{Amount, Currency};

/// In what a line and a movement of ours differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakKind {
    /// Theirs only: a line that nothing of ours stands behind.
    Unexpected,
    /// Ours only, and the partner's time to say so is over.
    Overdue,
    /// They say more than we do.
    Over,
    /// They say less than we do.
    Under,
    /// Another currency.
    Currency,
    /// Another business day than is agreed.
    Date,
    /// The amount and one reference agree, the other reference does not.
    ReferenceDiffers,
    /// They say that a value has ended which for us has not, or has otherwise.
    StateDiffers,
    /// A line that was said before.
    DuplicateTheirs,
    /// So much differs that it is no use to tell each: of nothing in the statement is taken note.
    TooMany,
}

impl BreakKind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Unexpected,
        Self::Overdue,
        Self::Over,
        Self::Under,
        Self::Currency,
        Self::Date,
        Self::ReferenceDiffers,
        Self::StateDiffers,
        Self::DuplicateTheirs,
        Self::TooMany,
    ];

    /// The kind that a word means.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// The word that is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unexpected => "unexpected",
            Self::Overdue => "overdue",
            Self::Over => "over",
            Self::Under => "under",
            Self::Currency => "currency",
            Self::Date => "date",
            Self::ReferenceDiffers => "reference_differs",
            Self::StateDiffers => "state_differs",
            Self::DuplicateTheirs => "duplicate_theirs",
            Self::TooMany => "too_many",
        }
    }
}

/// What mended the cause of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakOutcome {
    /// The other side said so later.
    Arrived,
    /// The partner puts it right: a corrected statement, or a later one.
    CorrectedByPartner,
    /// We put it right by a command of our own.
    CorrectedHere,
    /// Looked into: both sides mean the same.
    Agreed,
    /// Another statement stands in the place of this one.
    Superseded,
}

impl BreakOutcome {
    /// Those that a person may give.
    pub const BY_PEOPLE: [Self; 3] = [Self::CorrectedByPartner, Self::CorrectedHere, Self::Agreed];

    /// The word that is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Arrived => "arrived",
            Self::CorrectedByPartner => "corrected_by_partner",
            Self::CorrectedHere => "corrected_here",
            Self::Agreed => "agreed",
            Self::Superseded => "superseded",
        }
    }
}

/// Where a break stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakState {
    /// Somebody has to look into it.
    #[default]
    Open,
    /// Its cause is mended.
    Resolved,
    /// The books go on without an answer.
    Forced,
}

impl BreakState {
    /// The word that is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Resolved => "resolved",
            Self::Forced => "forced",
        }
    }
}

/// A break, as far as the rules need it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Break {
    /// In what they differ.
    pub kind: BreakKind,
    /// Of which kind the movement is.
    pub movement: MovementKind,
    /// Theirs less ours in signed cents, as far as an amount is in question for the books.
    pub off_by_cents: i64,
    /// How much is in question.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// Where it stands.
    pub state: BreakState,
    /// Who has taken it up.
    pub owner: Option<Uuid>,
    /// Who wants to force it, and until when that stands, while a second person is awaited.
    pub force_begun: Option<(Uuid, DateTime<Utc>)>,
}
