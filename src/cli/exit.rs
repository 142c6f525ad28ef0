//! What does the exit code say? Success, a difference (1), a refusal (3), or an environment that
//! does not fit (78).

use std::process::ExitCode;

use crate::config::Problems;
use crate::database::DatabaseError;
use crate::partners::kept::KeptUnsound;
use crate::startup::NotServed;
use crate::vault::VaultError;

/// As sysexits has it: something in the configuration is wrong.
const CONFIGURATION: u8 = 78;
/// A rule says no.
const REFUSED: u8 = 3;

/// A command's own verdict: it ran, and what it checked does not hold.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Difference(pub String);

/// What was asked is against a rule; nothing was changed.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

/// Prints what went wrong, once and whole, and answers the code that says of which kind it was.
pub fn code_of(done: anyhow::Result<()>) -> ExitCode {
    let Err(error) = done else { return ExitCode::SUCCESS };
    eprintln!("anchor: {error:#}");
    let is_away = |error: &DatabaseError| !matches!(error, DatabaseError::Migration(_));
    let is_key = |error: &VaultError| matches!(error, VaultError::KeyMissing { .. });
    let does_not_fit = error.is::<Problems>()
        || error.is::<NotServed>()
        || error.downcast_ref::<VaultError>().is_some_and(is_key)
        || error.is::<KeptUnsound>()
        || error.downcast_ref::<DatabaseError>().is_some_and(is_away);
    if does_not_fit {
        ExitCode::from(CONFIGURATION)
    } else if error.is::<Refusal>() {
        ExitCode::from(REFUSED)
    } else {
        ExitCode::FAILURE
    }
}
