//! What happened to a statement. Who and why stand in the metadata of each.
//!
//! Rows: A2.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::breaks::{BreakKind, BreakOutcome};
use super::matching::MatchedLine;
use super::movement::MovementKind;
use super::signed;
use super::suspense::Suspended;
use crate::ids::{PartnerId, Position, StatementId};
use crate::money::{Amount, Currency};
use crate::reward::FundingModel;

/// What the lines of one kind come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindTotal {
    /// Of which kind.
    pub kind: MovementKind,
    /// How many.
    pub lines: u32,
    /// What they add.
    pub added: Amount,
    /// What they take off.
    pub taken: Amount,
}

/// A statement was read whole and without a fault, and is in the books.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatementImported {
    /// Whose.
    pub partner_id: PartnerId,
    /// Of which day, in the partner's own zone.
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<StatementId>,
    /// When it was taken in.
    pub occurred_at: DateTime<Utc>,
}

/// These lines and our movements are the same. An event holds some thousands; a long statement has
/// several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinesMatched {
    /// Whose.
    pub partner_id: PartnerId,
    /// Of which day.
    pub business_date: NaiveDate,
    /// Which, by line.
    pub matched: Vec<MatchedLine>,
    /// Of what, where an amount is off by an agreed tolerance.
    pub currency: Currency,
    /// Who pays for what the partner gives, as it was agreed then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub funding_model: Option<FundingModel>,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// What differs, and where it stands on either side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakFacts {
    /// In what.
    pub kind: BreakKind,
    /// The line; none where the partner says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The event of ours; none where we know nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// Of which kind the movement is.
    pub movement: MovementKind,
    /// What we call the order, as the side says that speaks of it.
    pub reference: String,
    /// What the partner calls the value.
    pub partner_ref: String,
    /// Which use of it, where the line names that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_id: Option<String>,
    /// On which day it counts.
    pub on: NaiveDate,
    /// What the partner says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated: Option<Amount>,
    /// What we say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded: Option<Amount>,
    /// Theirs less ours in signed cents, as far as an amount is in question for the books.
    #[serde(
        rename = "off_by",
        with = "signed",
        default,
        skip_serializing_if = "signed::is_nothing"
    )]
    pub off_by_cents: i64,
    /// How much is in question.
    pub amount: Amount,
    /// Of what: as the partner says, or as we do where it says nothing.
    pub currency: Currency,
}

/// Somebody has to look into a difference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BreakOpened {
    /// Which one of this statement, from 1.
    pub number: u32,
    /// Whose.
    pub partner_id: PartnerId,
    /// Of which day the statement is.
    pub business_date: NaiveDate,
    /// What differs.
    #[serde(flatten)]
    pub facts: BreakFacts,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// Somebody has taken it up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakAssigned {
    /// Which.
    pub number: u32,
    /// Who.
    pub owner: Uuid,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// Somebody wrote down what they found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakExplained {
    /// Which.
    pub number: u32,
    /// What.
    pub note: String,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// Its cause is mended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BreakResolved {
    /// Which.
    pub number: u32,
    /// Whose.
    pub partner_id: PartnerId,
    /// By what.
    pub outcome: BreakOutcome,
    /// How; none where the program found it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// How much was in question.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// One person wants the books to go on without an answer; a second one has to say the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakForceBegun {
    /// Which.
    pub number: u32,
    /// Who says so.
    pub first_person: Uuid,
    /// Why.
    pub note: String,
    /// Until when a second person may say the same.
    pub expires_at: DateTime<Utc>,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// The books go on without an answer, and say so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BreakForced {
    /// Which.
    pub number: u32,
    /// Whose.
    pub partner_id: PartnerId,
    /// Why.
    pub note: String,
    /// Who said so.
    pub first_person: Uuid,
    /// Who said the same, where two are needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_person: Option<Uuid>,
    /// Of which day the statement is.
    pub business_date: NaiveDate,
    /// In what they differ.
    pub kind: BreakKind,
    /// Of which kind the movement is.
    pub movement: MovementKind,
    /// Theirs less ours in signed cents, as far as an amount is in question for the books.
    #[serde(
        rename = "off_by",
        with = "signed",
        default,
        skip_serializing_if = "signed::is_nothing"
    )]
    pub off_by_cents: i64,
    /// Who pays for what the partner gives, as it was agreed when the statement was compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub funding_model: Option<FundingModel>,
    /// How much is in question.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// A corrected one stands in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementSuperseded {
    /// Whose.
    pub partner_id: PartnerId,
    /// Which.
    pub by: StatementId,
    /// Of which day both are.
    pub business_date: NaiveDate,
    /// What it had set aside, by currency, which counts no more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suspended: Vec<Suspended>,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

crate::event::events! {
    /// Events of a partner's statement.
    PartnerStatementEvent of "partner_statement" {
        StatementImported "1.0",
        LinesMatched "1.0",
        BreakOpened "1.0",
        BreakAssigned "1.0",
        BreakExplained "1.0",
        BreakResolved "1.0",
        BreakForceBegun "1.0",
        BreakForced "1.0",
        StatementSuperseded "1.0",
    }
}
