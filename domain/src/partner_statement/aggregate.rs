//! The rules of a statement.
//!
//! Rows: A2.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::suspense::SuspendedCents;
use super::{
    Break, BreakAssigned, BreakExplained, BreakForceBegun, BreakForced, BreakKind, BreakOpened,
    BreakOutcome, BreakResolved, BreakState, ImportStatement, LinesMatched, MatchedLine,
    PartnerStatementEvent, StatementCommand, StatementError, StatementImported,
    StatementSuperseded,
};
use crate::aggregate::aggregate;
use crate::ids::{PartnerId, StatementId};
use crate::money::{Amount, Currency};
use crate::reward::FundingModel;

type Decision = Result<Vec<PartnerStatementEvent>, StatementError>;

/// So many lines stand in one event.
const LINES_AN_EVENT: usize = 5_000;
/// How long a first person's word waits for a second one, in hours.
const WORD_HOURS: i64 = 24;
const LONGEST_NOTE: usize = 2_000;

/// A statement as the ledger knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartnerStatement {
    imported: Option<Imported>,
    is_matched: bool,
    superseded_by: Option<StatementId>,
    /// Who pays for what the partner gives, as it was agreed when it was compared.
    funding_model: Option<FundingModel>,
    suspended: BTreeMap<Currency, SuspendedCents>,
    breaks: BTreeMap<u32, Break>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Imported {
    partner_id: PartnerId,
    business_date: NaiveDate,
    currency: Currency,
    sha256: String,
    supersedes: Option<StatementId>,
}

impl PartnerStatement {
    /// Whether it was compared with our log.
    #[must_use]
    pub fn is_matched(&self) -> bool {
        self.is_matched
    }

    /// The statement in whose place it stands.
    #[must_use]
    pub fn supersedes(&self) -> Option<StatementId> {
        self.imported.as_ref().and_then(|imported| imported.supersedes)
    }

    /// The digest of the file that it was read from, in hex; none before it is imported.
    #[must_use]
    pub fn sha256(&self) -> Option<&str> {
        self.imported.as_ref().map(|imported| imported.sha256.as_str())
    }

    /// Its breaks, by number.
    #[must_use]
    pub fn breaks(&self) -> &BTreeMap<u32, Break> {
        &self.breaks
    }

    /// What follows from a wish.
    ///
    /// # Errors
    /// [`StatementError`] names the rule.
    pub fn decide(&self, command: StatementCommand, at: DateTime<Utc>) -> Decision {
        let Some(imported) = &self.imported else {
            return match command {
                StatementCommand::Import(file) => Ok(vec![import(*file, at).into()]),
                _ => Err(StatementError::NotImported),
            };
        };
        if let StatementCommand::Import(file) = command {
            let sha256 = imported.sha256.clone();
            let is_same = file.sha256 == sha256;
            return is_same.then(Vec::new).ok_or(StatementError::OtherFile { sha256 });
        }
        if let Some(known) = self.superseded_by {
            let again = matches!(command, StatementCommand::Supersede { by } if by == known);
            return again.then(Vec::new).ok_or(StatementError::Superseded);
        }
        match command {
            StatementCommand::Import(_) => Ok(Vec::new()),
            StatementCommand::RecordMatching { .. } if self.is_matched => Ok(Vec::new()),
            StatementCommand::RecordMatching { matched, found, funding_model } => {
                let mut events = lines(imported, matched, funding_model, at);
                for (number, facts) in (1..).zip(found) {
                    let (partner_id, business_date) =
                        (imported.partner_id.clone(), imported.business_date);
                    let occurred_at = at;
                    let opened =
                        BreakOpened { number, partner_id, business_date, facts, occurred_at };
                    events.push(opened.into());
                }
                Ok(events)
            }
            StatementCommand::Arrive { arrived } => Ok(self.arrive(imported, arrived, at)),
            StatementCommand::Assign { number, owner } => {
                let open = self.open(number)?;
                let assigned = BreakAssigned { number, owner, occurred_at: at };
                Ok(if open.owner == Some(owner) { vec![] } else { vec![assigned.into()] })
            }
            StatementCommand::Explain { number, note } => {
                self.known(number)?;
                let note = sentence(note)?;
                Ok(vec![BreakExplained { number, note, occurred_at: at }.into()])
            }
            StatementCommand::Resolve { number, outcome, note } => {
                if !BreakOutcome::BY_PEOPLE.contains(&outcome) {
                    return Err(StatementError::NotByPeople);
                }
                let note = Some(sentence(note)?);
                let open = self.open(number)?;
                Ok(vec![resolved(imported, (number, open), outcome, note, at)])
            }
            StatementCommand::Force { number, note, person, two_person_from } => {
                self.force(imported, (number, note, person), two_person_from, at)
            }
            StatementCommand::Supersede { by } => Ok(self.supersede(imported, by, at)),
        }
    }

    fn known(&self, number: u32) -> Result<&Break, StatementError> {
        self.breaks.get(&number).ok_or(StatementError::NoSuchBreak { number })
    }

    fn open(&self, number: u32) -> Result<&Break, StatementError> {
        let known = self.known(number)?;
        match known.state {
            BreakState::Open => Ok(known),
            state => Err(StatementError::AlreadyEnded { state }),
        }
    }

    /// Whatever of it is still open ends, each once; what has ended stays as it is, and so does
    /// what of ours stands behind it.
    fn arrive(
        &self,
        imported: &Imported,
        arrived: Vec<(u32, Option<MatchedLine>)>,
        at: DateTime<Utc>,
    ) -> Vec<PartnerStatementEvent> {
        let still_open: BTreeMap<u32, (&Break, Option<MatchedLine>)> = arrived
            .into_iter()
            .filter_map(|(number, line)| Some((number, (self.open(number).ok()?, line))))
            .collect();
        let matched: Vec<MatchedLine> =
            still_open.values().filter_map(|(_, line)| *line).collect();
        let mut events = Vec::new();
        if !matched.is_empty() {
            events = lines(imported, matched, self.funding_model, at);
        }
        events.extend(still_open.into_iter().map(|(number, (open, _))| {
            resolved(imported, (number, open), BreakOutcome::Arrived, None, at)
        }));
        events
    }

    fn force(
        &self,
        imported: &Imported,
        (number, note, person): (u32, String, Uuid),
        two_person_from: Amount,
        at: DateTime<Utc>,
    ) -> Decision {
        let note = sentence(note)?;
        let open = self.open(number)?;
        if open.kind == BreakKind::TooMany {
            return Err(StatementError::TooMuchDiffers);
        }
        let standing = open.force_begun.filter(|(_, expires_at)| *expires_at > at);
        let needs_two = open.amount >= two_person_from;
        let (first_person, second_person) = match standing {
            Some((first, _)) if first == person && needs_two => {
                return Err(StatementError::SamePerson { person });
            }
            Some((first, _)) if first != person => (first, Some(person)),
            None if needs_two => {
                let expires_at = at + Duration::hours(WORD_HOURS);
                let (first_person, occurred_at) = (person, at);
                let begun =
                    BreakForceBegun { number, first_person, note, expires_at, occurred_at };
                return Ok(vec![begun.into()]);
            }
            _ => (person, None),
        };
        let forced = BreakForced {
            number,
            partner_id: imported.partner_id.clone(),
            note,
            first_person,
            second_person,
            business_date: imported.business_date,
            kind: open.kind,
            movement: open.movement,
            off_by_cents: open.off_by_cents,
            funding_model: self.funding_model,
            amount: open.amount,
            currency: open.currency,
            occurred_at: at,
        };
        Ok(vec![forced.into()])
    }

    fn supersede(
        &self,
        imported: &Imported,
        by: StatementId,
        at: DateTime<Utc>,
    ) -> Vec<PartnerStatementEvent> {
        let open = self.breaks.iter().filter(|(_, known)| known.state == BreakState::Open);
        let mut events: Vec<PartnerStatementEvent> = open
            .map(|(number, open)| {
                resolved(imported, (*number, open), BreakOutcome::Superseded, None, at)
            })
            .collect();
        let superseded = StatementSuperseded {
            partner_id: imported.partner_id.clone(),
            by,
            business_date: imported.business_date,
            suspended: self
                .suspended
                .iter()
                .filter_map(|(currency, cents)| cents.under(self.funding_model, *currency))
                .collect(),
            occurred_at: at,
        };
        events.push(superseded.into());
        events
    }

    /// The state after an event.
    pub fn evolve(&mut self, event: &PartnerStatementEvent) {
        use PartnerStatementEvent as E;
        match event {
            E::StatementImported(e) => {
                self.imported = Some(Imported {
                    partner_id: e.partner_id.clone(),
                    business_date: e.business_date,
                    currency: e.currency,
                    sha256: e.sha256.clone(),
                    supersedes: e.supersedes,
                });
            }
            E::LinesMatched(e) => {
                self.is_matched = true;
                self.funding_model = self.funding_model.or(e.funding_model);
                self.suspended.entry(e.currency).or_default().take_in(e.suspended_cents());
            }
            E::BreakOpened(e) => {
                self.is_matched = true;
                let opened = Break {
                    kind: e.facts.kind,
                    movement: e.facts.movement,
                    off_by_cents: e.facts.off_by_cents,
                    amount: e.facts.amount,
                    currency: e.facts.currency,
                    state: BreakState::Open,
                    owner: None,
                    force_begun: None,
                };
                self.breaks.insert(e.number, opened);
            }
            E::BreakAssigned(e) => self.change(e.number, |known| known.owner = Some(e.owner)),
            E::BreakExplained(_) => {}
            E::BreakResolved(e) => {
                self.change(e.number, |known| known.state = BreakState::Resolved);
            }
            E::BreakForceBegun(e) => self.change(e.number, |known| {
                known.force_begun = Some((e.first_person, e.expires_at));
            }),
            E::BreakForced(e) => {
                self.suspended.entry(e.currency).or_default().take_in(e.suspended_cents());
                self.change(e.number, |known| known.state = BreakState::Forced);
            }
            E::StatementSuperseded(e) => self.superseded_by = Some(e.by),
        }
    }

    fn change(&mut self, number: u32, change: impl FnOnce(&mut Break)) {
        self.breaks.get_mut(&number).map(change);
    }
}

fn import(file: ImportStatement, at: DateTime<Utc>) -> StatementImported {
    StatementImported {
        partner_id: file.partner_id,
        business_date: file.business_date,
        sequence: file.sequence,
        currency: file.currency,
        made_at: file.made_at,
        lines: file.lines,
        totals: file.totals,
        sha256: file.sha256,
        supersedes: file.supersedes,
        occurred_at: at,
    }
}

/// At least one event, so that a statement without a line was compared too.
fn lines(
    imported: &Imported,
    matched: Vec<MatchedLine>,
    funding_model: Option<FundingModel>,
    at: DateTime<Utc>,
) -> Vec<PartnerStatementEvent> {
    let event = |matched: &[MatchedLine]| {
        let matched = LinesMatched {
            partner_id: imported.partner_id.clone(),
            business_date: imported.business_date,
            matched: matched.to_vec(),
            currency: imported.currency,
            funding_model,
            occurred_at: at,
        };
        matched.into()
    };
    if matched.is_empty() {
        return vec![event(&[])];
    }
    matched.chunks(LINES_AN_EVENT).map(event).collect()
}

fn resolved(
    imported: &Imported,
    (number, open): (u32, &Break),
    outcome: BreakOutcome,
    note: Option<String>,
    at: DateTime<Utc>,
) -> PartnerStatementEvent {
    BreakResolved {
        number,
        partner_id: imported.partner_id.clone(),
        outcome,
        note,
        amount: open.amount,
        currency: open.currency,
        occurred_at: at,
    }
    .into()
}

fn sentence(note: String) -> Result<String, StatementError> {
    let note = note.trim().to_owned();
    let is_fit = (1..=LONGEST_NOTE).contains(&note.chars().count());
    is_fit.then_some(note).ok_or(StatementError::NoNote)
}

aggregate!(PartnerStatement: StatementCommand -> PartnerStatementEvent | StatementError);
