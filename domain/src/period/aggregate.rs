//! The rules of a business month.
//!
//! Rows: A6.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::span::{Span, SpanKind};
use crate::aggregate::aggregate;
use crate::clean_days::local_date;
use crate::ids::Position;

/// Business days begin at this zone's midnight.
pub const BUSINESS_ZONE: Tz = Tz::Australia__Sydney;

/// A wish about a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeriodCommand {
    /// Seal it. Again with the same figures is nothing new.
    Close {
        /// Which month.
        month: Span,
        /// The last event that its figures count.
        position: Position,
        /// SHA-256 of its figures, in hex.
        digest: String,
    },
}

/// A month is closed: its figures stay as they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeriodClosed {
    /// Which month, such as `2026-11`.
    pub month: String,
    /// The last event that its figures count.
    pub position: Position,
    /// SHA-256 of its figures, in hex.
    pub digest: String,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

crate::event::events! {
    /// Events of a business month.
    PeriodEvent of "period" {
        PeriodClosed "1.0",
    }
}

/// Why a month was not closed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    /// Close months.
    #[error("only a whole month is closed, such as 2026-11")]
    NotAMonth,
    /// Wait until it is over.
    #[error("{month} is not over yet")]
    NotOver {
        /// Which.
        month: String,
    },
    /// It stays as it is; what comes later goes into an open month.
    #[error("{month} has been closed at position {position}")]
    AlreadyClosed {
        /// Which.
        month: String,
        /// What it rests on.
        position: Position,
    },
}

/// A business month as the ledger knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    closed: Option<(Position, String)>,
}

impl Period {
    /// The position that it was closed at, and the digest of its figures.
    #[must_use]
    pub fn closed(&self) -> Option<(Position, &str)> {
        self.closed.as_ref().map(|(position, digest)| (*position, digest.as_str()))
    }

    /// What follows from a wish.
    ///
    /// # Errors
    /// [`PeriodError`] names the rule.
    pub fn decide(
        &self,
        command: PeriodCommand,
        at: DateTime<Utc>,
    ) -> Result<Vec<PeriodEvent>, PeriodError> {
        let PeriodCommand::Close { month, position, digest } = command;
        let name = month.to_string();
        if month.kind() != SpanKind::Month {
            return Err(PeriodError::NotAMonth);
        }
        if let Some((position, known)) = self.closed() {
            let is_same = known == digest;
            let closed = PeriodError::AlreadyClosed { month: name, position };
            return is_same.then(Vec::new).ok_or(closed);
        }
        if local_date(at, BUSINESS_ZONE) <= month.last() {
            return Err(PeriodError::NotOver { month: name });
        }
        Ok(vec![PeriodClosed { month: name, position, digest, occurred_at: at }.into()])
    }

    /// The state after an event.
    pub fn evolve(&mut self, event: &PeriodEvent) {
        match event {
            PeriodEvent::PeriodClosed(e) => self.closed = Some((e.position, e.digest.clone())),
        }
    }
}

aggregate!(Period: PeriodCommand -> PeriodEvent | PeriodError);
