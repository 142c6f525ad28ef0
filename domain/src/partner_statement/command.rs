//! What may be asked of a statement.
//!
//! Rows: A2.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::breaks::BreakOutcome;
use super::event::{BreakFacts, KindTotal};
use super::matching::MatchedLine;
use crate::ids::{PartnerId, StatementId};
use crate::money::{Amount, Currency};
use crate::reward::FundingModel;

/// What a file says that was read whole and without a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportStatement {
    /// Whose.
    pub partner_id: PartnerId,
    /// Of which day.
    pub business_date: NaiveDate,
    /// Which one of that day.
    pub sequence: u32,
    /// The one currency of its lines.
    pub currency: Currency,
    /// When the partner made it.
    pub made_at: DateTime<Utc>,
    /// How many lines it has.
    pub lines: u32,
    /// What they come to, by kind.
    pub totals: Vec<KindTotal>,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
    /// The statement in whose place it stands.
    pub supersedes: Option<StatementId>,
}

/// A wish about a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatementCommand {
    /// Take it into the books.
    Import(Box<ImportStatement>),
    /// Note what agrees and what does not. Once; again is nothing new.
    RecordMatching {
        /// What agrees.
        matched: Vec<MatchedLine>,
        /// What does not.
        found: Vec<BreakFacts>,
        /// Who pays for what the partner gives.
        funding_model: Option<FundingModel>,
    },
    /// The other side has come: the breaks end, and what agrees now is noted.
    Arrive {
        /// Which breaks that ends, and the line that agrees now, where one does.
        arrived: Vec<(u32, Option<MatchedLine>)>,
    },
    /// Somebody takes a break up.
    Assign {
        /// Which, from 1.
        number: u32,
        /// Who.
        owner: Uuid,
    },
    /// Somebody writes down what they found.
    Explain {
        /// Which.
        number: u32,
        /// What.
        note: String,
    },
    /// The cause is mended.
    Resolve {
        /// Which.
        number: u32,
        /// By what.
        outcome: BreakOutcome,
        /// How.
        note: String,
    },
    /// The books go on without an answer; two people from an amount on.
    Force {
        /// Which.
        number: u32,
        /// Why.
        note: String,
        /// Who says so.
        person: Uuid,
        /// From which amount on a second person has to say the same.
        two_person_from: Amount,
    },
    /// A corrected one stands in its place: its open breaks end, and what it matched is free.
    Supersede {
        /// Which.
        by: StatementId,
    },
}
