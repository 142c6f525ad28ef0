//! How does a partner's statement get into the books by hand? From a file, or from the partner
//! itself.
//!
//! Exits 0 when it is in the books, also when it was before; 3 when it has faults, each of which is
//! told by line, and nothing of it was recorded; 1 when it could not be had. A server compares it
//! with the ledger right after.
//!
//! Rows: A2, U5.

use std::fs::File;
use std::io::{IsTerminal as _, Read as _, stderr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use chrono::NaiveDate;
use clap::Subcommand;
use domain::ids::PartnerId;
use indicatif::ProgressBar;
use serde_json::{Value, json};

use super::exit::Refusal;
use super::partner::office::Office;
use crate::books::{
    BankNotTaken, BankTaken, CameBy, InTheBooks, Incoming, NotImported, NotPulled, Pulled,
};
use crate::ledger::Context;
use crate::statements::{Fault, Heading, LARGEST};

/// What can be done with statements.
#[derive(Debug, Subcommand)]
pub enum StatementAction {
    /// Takes a file into the books, whole or not at all
    #[command(after_help = "Example: anchor statement import woolworths-2026-11-22-0001.csv\n\
        Exits 3 when the file has faults: all of them are told, by line, and the file is kept.\n\
        The same file again changes nothing; a corrected one has the next sequence.")]
    Import {
        /// The file, as the partner made it
        file: PathBuf,
        /// It holds lines of our own bank: CSV with the columns `booked_on`, `partner`,
        /// `direction`, `amount`, `currency` and `bank_reference`
        #[arg(long)]
        bank: bool,
    },
    /// Fetches a partner's statement of a day and takes it into the books
    #[command(after_help = "Example: anchor statement pull --partner agl --date 2026-11-22\n\
        Servers do this by themselves when a day is over; this is for a day that is missing.")]
    Pull {
        /// Whose, such as woolworths
        #[arg(long)]
        partner: PartnerId,
        /// Of which day of the partner's own zone
        #[arg(long)]
        date: NaiveDate,
    },
}

/// Does it.
///
/// # Errors
/// [`Refusal`] when the statement has faults; when it cannot be had, or the environment or the
/// database does not fit.
pub async fn run(action: StatementAction, json: bool) -> anyhow::Result<()> {
    let working = Working::on(&action);
    let (office, done) = match action {
        StatementAction::Import { file, bank } => {
            let bytes = read(&file)?;
            let office = Office::open().await?;
            let done = if bank {
                take_bank_lines(&office, &bytes).await
            } else {
                import(&office, &bytes).await
            };
            (office, done)
        }
        StatementAction::Pull { partner, date } => {
            let office = Office::open().await?;
            let done = pull(&office, &partner, date).await;
            (office, done)
        }
    };
    office.close().await;
    drop(working);
    tell(done?, json)
}

/// What came of it.
enum Done {
    InTheBooks(Box<InTheBooks>),
    WasThere,
    BankTaken(BankTaken),
    Faulty(Vec<Fault>),
}

async fn import(office: &Office, bytes: &[u8]) -> anyhow::Result<Done> {
    let context = Context::new("operator", "a statement was brought");
    let file = Incoming { bytes, came_by: CameBy::Upload, only: None, asked_for: None };
    match office.books().import(file, &context).await {
        Ok(imported) => Ok(Done::InTheBooks(Box::new(imported))),
        Err(NotImported::Faulty(faults)) => Ok(Done::Faulty(faults)),
        Err(error) => Err(error.into()),
    }
}

async fn take_bank_lines(office: &Office, bytes: &[u8]) -> anyhow::Result<Done> {
    let context = Context::new("operator", "the bank's lines were brought");
    match office.books().take_bank_lines(bytes, &context).await {
        Ok(taken) => Ok(Done::BankTaken(taken)),
        Err(BankNotTaken::Faulty(faults) | BankNotTaken::Disagrees(faults)) => {
            Ok(Done::Faulty(faults))
        }
        Err(error) => Err(error.into()),
    }
}

async fn pull(office: &Office, partner: &PartnerId, date: NaiveDate) -> anyhow::Result<Done> {
    office.entry(partner)?;
    let context = Context::new("operator", "a statement was asked for");
    let partners = office.partners()?;
    match office.books().pull(&partners, (partner, date), &context).await {
        Ok(Pulled::Here(imported)) => Ok(Done::InTheBooks(imported)),
        Ok(Pulled::WasHere) => Ok(Done::WasThere),
        Err(NotPulled::NotImported(NotImported::Faulty(faults))) => Ok(Done::Faulty(faults)),
        Err(error) => Err(error.into()),
    }
}

/// No more of a file than a statement may have, and one byte by which that is seen.
fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    let opened = File::open(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let mut bytes = Vec::new();
    opened.take(LARGEST as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn tell(done: Done, json: bool) -> anyhow::Result<()> {
    match done {
        Done::InTheBooks(imported) => {
            let (statement, was_known) = (&imported.statement, imported.executed.recorded == 0);
            let Heading { partner, date, sequence, .. } = &statement.heading;
            let lines = statement.movements.len();
            if json {
                let told = json!({
                    "id": imported.id.0,
                    "partner_id": partner,
                    "business_date": date,
                    "sequence": sequence,
                    "lines": lines,
                    "sha256": statement.sha256,
                    "was_known": was_known,
                    "position": imported.executed.position.0,
                });
                println!("{told}");
            } else if was_known {
                println!("{partner}, {date}, {sequence:04}: was in the books; nothing changed");
            } else {
                println!("{partner}, {date}, {sequence:04}: {lines} lines are in the books");
            }
            Ok(())
        }
        Done::WasThere => {
            if json {
                println!("{}", json!({ "was_known": true }));
            } else {
                println!("A statement of that day is in the books; nobody was asked.");
            }
            Ok(())
        }
        Done::BankTaken(taken) => {
            let (lines, recorded, position) = (taken.lines, taken.recorded, taken.position.0);
            if json {
                let told = json!({ "lines": lines, "recorded": recorded, "position": position });
                println!("{told}");
            } else {
                println!("{lines} lines of the bank are in the books; {recorded} of them are new");
            }
            Ok(())
        }
        Done::Faulty(faults) => Err(refused(&faults, json).into()),
    }
}

fn refused(faults: &[Fault], json: bool) -> Refusal {
    if json {
        let told = faults.iter().map(|fault| {
            let (code, detail) = (fault.code.as_str(), fault.code.sentence());
            json!({ "line": fault.line, "code": code, "detail": detail })
        });
        println!("{}", json!({ "faults": told.collect::<Vec<Value>>() }));
    } else {
        faults.iter().for_each(|fault| eprintln!("{fault}"));
    }
    let count = faults.len();
    Refusal(format!("the file has {count} faults; nothing of it was recorded"))
}

/// Says on a terminal that something is going on.
struct Working(Option<ProgressBar>);

impl Working {
    fn on(action: &StatementAction) -> Self {
        let what = match action {
            StatementAction::Import { .. } => "reading the file",
            StatementAction::Pull { .. } => "asking the partner",
        };
        Self(stderr().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner().with_message(what);
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        }))
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
