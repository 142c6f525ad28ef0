//! How does a partner's statement get into the books? Kept whole first, then read, then recorded.
//!
//! ```text
//! bytes ─▶ parse ─┬▶ faults: kept whole, nothing recorded, all of them told at once
//!                 └▶ kept whole ─▶ StatementImported ─▶ compare (processes::compare_statements)
//! ```
//!
//! Brought by people, or fetched by day: [`Books::pull`]; [`pulls`] is which days are still to be.
//!
//! What our own bank says is taken in likewise: [`Books::take_bank_lines`].
//!
//! *Guarantees*: every file that came is there, byte for byte, also a bad one; the same bytes again
//! change nothing; nothing of a bad file counts. That a file is kept says nothing: the event does.
//!
//! *Why beside `statements`*: that one reads bytes and asks nobody; this one asks the ledger and
//! the database.
//!
//! Rows: A2.

mod bank;
mod files;
mod pull;
pub mod pulls;

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::{PartnerId, StatementId};
use domain::partner_statement::{
    ImportStatement, KindTotal, Movement, MovementKind, PartnerStatement, StatementCommand,
    StatementError,
};
use sqlx::PgPool;

use crate::ledger::{Context, ExecuteError, Executed, Ledger, LoadError};
use crate::partners::Catalogue;
use crate::statements::{self, Fault, FaultCode, Heading};

pub use bank::{BankNotTaken, BankTaken};
pub use files::{CameBy, content};
pub use pull::{NotPulled, Pulled};

/// A file that came.
#[derive(Debug, Clone, Copy)]
pub struct Incoming<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// How it came.
    pub came_by: CameBy,
    /// Whoever brings it may bring only this partner's; anybody's when none is named.
    pub only: Option<&'a PartnerId>,
    /// The day that was asked for, where somebody asked.
    pub asked_for: Option<NaiveDate>,
}

/// A statement that is in the books.
#[derive(Debug, Clone)]
pub struct InTheBooks {
    /// Which.
    pub id: StatementId,
    /// What the file says.
    pub statement: statements::PartnerStatement,
    /// What was recorded: nothing, when it was there already.
    pub executed: Executed,
}

/// Why a statement is not in the books.
#[derive(Debug, thiserror::Error)]
pub enum NotImported {
    /// It was kept whole; all of them have to be mended.
    #[error("the statement has {} faults", .0.len())]
    Faulty(Vec<Fault>),
    /// Nothing was kept.
    #[error("the statement is another partner's")]
    AnotherPartners,
    /// The ledger did not take it.
    #[error("the statement could not be recorded")]
    NotRecorded(#[from] ExecuteError<StatementError>),
    /// The ledger could not be asked.
    #[error("the log could not be read")]
    NotLoaded(#[from] LoadError),
    /// The file could not be kept.
    #[error("the database could not be asked")]
    Database(#[from] sqlx::Error),
}

/// Where statements go.
#[derive(Clone)]
pub struct Books {
    /// Where they are recorded.
    pub ledger: Ledger,
    /// Where files are kept.
    pub pool: PgPool,
    /// Whose statements are taken.
    pub catalogue: Catalogue,
}

impl Books {
    /// Takes a file in.
    ///
    /// # Errors
    /// [`NotImported`]. A faulty file is kept; nothing of it is recorded.
    pub async fn import(
        &self,
        file: Incoming<'_>,
        context: &Context,
    ) -> Result<InTheBooks, NotImported> {
        let read = statements::parse(file.bytes);
        let (heading, mut faults) = match &read {
            Ok(statement) => (Some(&statement.heading), Vec::new()),
            Err(faulty) => (faulty.heading.as_ref(), faulty.faults.clone()),
        };
        if let Some(heading) = heading {
            let is_anothers = file.only.is_some_and(|only| *only != heading.partner);
            if is_anothers && file.asked_for.is_none() {
                return Err(NotImported::AnotherPartners);
            }
            if is_anothers {
                faults.push(at_the_top(FaultCode::PartnerOther));
            } else {
                let sha256 = read.as_ref().ok().map(|statement| statement.sha256.as_str());
                faults.extend(self.faults_of(heading, sha256).await?);
            }
            if file.asked_for.is_some_and(|day| day != heading.date) {
                faults.push(at_the_top(FaultCode::DayOther));
            }
        }
        let statement = match read {
            Ok(statement) if faults.is_empty() => statement,
            _ => return self.refuse(file, faults, context).await,
        };
        let id = id_of(&statement.heading);
        files::keep(&self.pool, &statement.heading.partner, file, Ok(id), &context.actor).await?;
        let import = StatementCommand::Import(Box::new(what_it_says(&statement)));
        let executed =
            self.ledger.execute::<PartnerStatement, _>(&id.to_string(), import, context).await;
        match executed {
            Ok(executed) => Ok(InTheBooks { id, statement, executed }),
            Err(ExecuteError::Duplicate { position }) => {
                let executed = Executed { position, recorded: 0 };
                Ok(InTheBooks { id, statement, executed })
            }
            // Two at the same moment: the other one is in the books.
            Err(ExecuteError::Refused(StatementError::OtherFile { .. })) => {
                Err(NotImported::Faulty(vec![at_the_top(FaultCode::SequenceRepeated)]))
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn refuse(
        &self,
        file: Incoming<'_>,
        mut faults: Vec<Fault>,
        context: &Context,
    ) -> Result<InTheBooks, NotImported> {
        faults.sort_unstable();
        // Whose it is, as far as anybody can tell.
        let named = || statements::partner_named(file.bytes).or_else(|| "unknown".parse().ok());
        if let Some(partner) = file.only.cloned().or_else(named) {
            files::keep(&self.pool, &partner, file, Err(&faults), &context.actor).await?;
        }
        Err(NotImported::Faulty(faults))
    }

    /// What is wrong with a statement beside its bytes: whose, which day, which number.
    async fn faults_of(
        &self,
        heading: &Heading,
        sha256: Option<&str>,
    ) -> Result<Vec<Fault>, NotImported> {
        let Some(entry) = self.catalogue.get(&heading.partner) else {
            return Ok(vec![at_the_top(FaultCode::PartnerUnknown)]);
        };
        let details = entry.details();
        let mut faults = Vec::new();
        let id = id_of(heading).to_string();
        let known = self.ledger.load::<PartnerStatement>(&id).await?.state;
        match known.sha256() {
            Some(known) if Some(known) == sha256 => return Ok(faults),
            Some(_) => faults.push(at_the_top(FaultCode::SequenceRepeated)),
            None => {}
        }
        if details.funding_model.is_none() {
            faults.push(at_the_top(FaultCode::PartnerUnknown));
        }
        // Asked of the database: whoever follows its clock may be behind by a moment.
        let day_of = |at: DateTime<Utc>| at.with_timezone(&details.time_zone).date_naive();
        if heading.date >= day_of(files::now(&self.pool).await?) {
            faults.push(at_the_top(FaultCode::DayNotOver));
        } else if heading.date >= day_of(heading.made_at) {
            faults.push(at_the_top(FaultCode::MadeTooEarly));
        }
        if let Some(before) = one_before(heading) {
            let known = self.ledger.load::<PartnerStatement>(&before.to_string()).await?;
            if known.sequence == 0 {
                faults.push(at_the_top(FaultCode::SequenceGap));
            }
        }
        Ok(faults)
    }
}

fn at_the_top(code: FaultCode) -> Fault {
    Fault { line: 1, code }
}

fn id_of(heading: &Heading) -> StatementId {
    StatementId::of(&heading.partner, heading.date, heading.sequence)
}

/// The statement in whose place a corrected one stands.
fn one_before(heading: &Heading) -> Option<StatementId> {
    let before = heading.sequence.checked_sub(1).filter(|sequence| *sequence > 0)?;
    Some(StatementId::of(&heading.partner, heading.date, before))
}

fn what_it_says(statement: &statements::PartnerStatement) -> ImportStatement {
    let heading = &statement.heading;
    ImportStatement {
        partner_id: heading.partner.clone(),
        business_date: heading.date,
        sequence: heading.sequence,
        currency: heading.currency,
        made_at: heading.made_at,
        lines: u32::try_from(statement.movements.len()).unwrap_or(u32::MAX),
        totals: totals(&statement.movements),
        sha256: statement.sha256.clone(),
        supersedes: one_before(heading),
    }
}

fn totals(movements: &[Movement]) -> Vec<KindTotal> {
    let total = |kind: MovementKind| {
        let of_kind = || movements.iter().filter(move |movement| movement.kind == kind);
        let sum = |is_wanted: fn(&i64) -> bool| {
            let cents = of_kind().map(|movement| movement.cents).filter(is_wanted).sum::<i64>();
            domain::partner_statement::amount(cents).unwrap_or(domain::money::Amount::ZERO)
        };
        let lines = u32::try_from(of_kind().count()).unwrap_or(u32::MAX);
        let (added, taken) = (sum(|cents| *cents > 0), sum(|cents| *cents < 0));
        (lines > 0).then_some(KindTotal { kind, lines, added, taken })
    };
    MovementKind::ALL.into_iter().filter_map(total).collect()
}
