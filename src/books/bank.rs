//! How does what our bank says get into the books? All lines of a file, or none of them.
//!
//! Everything that may be wrong is looked for first: in the file, in the catalogue, and in the
//! books. Only then are lines recorded, each in a stream of its own, so that one of them counts
//! once whoever brings it how often. *Where a file is cut off in between*, since each line is an
//! append: the same file again records what is missing and changes nothing of what is there.
//!
//! *Guarantees*: a file with a fault records nothing; the same line twice, also at the same moment,
//! is one event; a reference that is in the books with other facts is refused, by line.
//!
//! Rows: A1, A2.

use chrono::{DateTime, Utc};
use domain::clean_days::local_date;
use domain::ids::{Position, SettlementId};
use domain::period::BUSINESS_ZONE;
use domain::settlement::{RecordSettlement, Settlement, SettlementError};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::{Books, files};
use crate::ledger::{Context, ExecuteError, LoadError};
use crate::statements::{BankLine, Fault, FaultCode, parse_bank};

/// So many lines are on their way at once.
const AT_ONCE: usize = 32;

/// What was taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BankTaken {
    /// How many lines the file has.
    pub lines: usize,
    /// How many of them are new.
    pub recorded: usize,
    /// The last position that any of them is at.
    pub position: Position,
}

/// Why nothing was taken in.
#[derive(Debug, thiserror::Error)]
pub enum BankNotTaken {
    /// All of them have to be mended.
    #[error("the bank's lines have {} faults", .0.len())]
    Faulty(Vec<Fault>),
    /// Nothing else is wrong than that these references are in the books with other facts.
    #[error("{} references are in the books with other facts", .0.len())]
    Disagrees(Vec<Fault>),
    /// The ledger did not take one; the same file again completes it.
    #[error("a line could not be recorded")]
    NotRecorded(#[from] ExecuteError<SettlementError>),
    /// The ledger could not be asked.
    #[error("the log could not be read")]
    NotLoaded(#[from] LoadError),
    /// What time it is could not be asked.
    #[error("the database could not be asked")]
    Database(#[from] sqlx::Error),
}

impl Books {
    /// Takes a bank's lines in.
    ///
    /// # Errors
    /// [`BankNotTaken`].
    pub async fn take_bank_lines(
        &self,
        bytes: &[u8],
        context: &Context,
    ) -> Result<BankTaken, BankNotTaken> {
        let file = parse_bank(bytes);
        let now = files::now(&self.pool).await?;
        let mut faults = file.faults;
        let mut wishes = Vec::new();
        for line in &file.lines {
            match self.wish(line, now) {
                Ok(wish) => wishes.push((line.line, wish)),
                Err(mut found) => faults.append(&mut found),
            }
        }
        let taken = self.taken_otherwise(&wishes, now).await?;
        if faults.is_empty() && !taken.is_empty() {
            return Err(BankNotTaken::Disagrees(taken));
        }
        faults.extend(taken);
        if !faults.is_empty() {
            faults.sort_unstable();
            return Err(BankNotTaken::Faulty(faults));
        }
        self.record(wishes, context).await
    }

    /// What a line asks for, by the catalogue.
    fn wish(&self, line: &BankLine, now: DateTime<Utc>) -> Result<RecordSettlement, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut fault = |code| faults.push(Fault { line: line.line, code });
        let details = self.catalogue.get(&line.partner).map(|entry| entry.details());
        let funding_model = details.and_then(|details| details.funding_model);
        if funding_model.is_none() {
            fault(FaultCode::PartnerUnknown);
        }
        if line.booked_on > local_date(now, BUSINESS_ZONE) {
            fault(FaultCode::DateInFuture);
        }
        let Some(funding_model) = funding_model.filter(|_| faults.is_empty()) else {
            return Err(faults);
        };
        Ok(RecordSettlement {
            partner_id: line.partner.clone(),
            direction: line.direction,
            amount: line.amount,
            currency: line.currency,
            booked_on: line.booked_on,
            bank_reference: line.bank_reference.clone(),
            funding_model,
        })
    }

    /// Lines whose reference is in the books with other facts.
    async fn taken_otherwise(
        &self,
        wishes: &[(usize, RecordSettlement)],
        now: DateTime<Utc>,
    ) -> Result<Vec<Fault>, LoadError> {
        let look = |(line, wish): (usize, RecordSettlement)| async move {
            let id = SettlementId::of(&wish.bank_reference).to_string();
            let known = self.ledger.load::<Settlement>(&id).await?.state;
            let is_other = known.decide(wish, now) == Err(SettlementError::OtherFacts);
            Ok(is_other.then_some(Fault { line, code: FaultCode::BankReferenceTaken }))
        };
        let looks = stream::iter(wishes.iter().cloned()).map(look).buffered(AT_ONCE);
        looks.try_filter_map(|fault| async move { Ok(fault) }).try_collect().await
    }

    async fn record(
        &self,
        wishes: Vec<(usize, RecordSettlement)>,
        context: &Context,
    ) -> Result<BankTaken, BankNotTaken> {
        let lines = wishes.len();
        let record = |(line, wish): (usize, RecordSettlement)| async move {
            let id = SettlementId::of(&wish.bank_reference).to_string();
            let context = context.for_one_command();
            match self.ledger.execute::<Settlement, _>(&id, wish, &context).await {
                Ok(executed) => Ok((executed.position, executed.recorded)),
                Err(ExecuteError::Duplicate { position }) => Ok((position, 1)),
                // Somebody brought it with other facts at the same moment.
                Err(ExecuteError::Refused(SettlementError::OtherFacts)) => {
                    let fault = Fault { line, code: FaultCode::BankReferenceTaken };
                    Err(BankNotTaken::Disagrees(vec![fault]))
                }
                Err(error) => Err(error.into()),
            }
        };
        let done = stream::iter(wishes).map(record).buffered(AT_ONCE);
        let nothing = BankTaken { lines, recorded: 0, position: Position(0) };
        done.try_fold(nothing, |sum, (position, recorded)| async move {
            let position = sum.position.max(position);
            Ok(BankTaken { recorded: sum.recorded + recorded, position, ..sum })
        })
        .await
    }
}
