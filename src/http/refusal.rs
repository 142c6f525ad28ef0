//! Which problem is it when the ledger, a rule or the database says no?
//!
//! One exhaustive match for each kind of error, so that a new refusal makes the compiler ask what a
//! client should be told.
//!
//! Rows: Q2, D6.

use std::error::Error;

use domain::journey::JourneyError;
use domain::member::MemberError;
use domain::partner_account::PartnerAccountError;
use domain::reward::RewardError;
use projections::as_of::AsOfError;
use projections::checkpoint::WaitError;
use projections::paging::{ListError, PageError};

use super::problem::{Code, Problem};
use crate::ledger::reach::ReachError;
use crate::ledger::{ExecuteError, Executed, LoadError};
use crate::vault::VaultError;

/// What a command came to; one that was recorded before counts as done.
///
/// # Errors
/// The problem to answer with.
pub fn done<E>(executed: Result<Executed, ExecuteError<E>>) -> Result<Executed, Problem>
where
    E: Error + 'static,
    Problem: From<E>,
{
    match executed {
        Ok(executed) => Ok(executed),
        Err(ExecuteError::Duplicate { position }) => Ok(Executed { position, recorded: 0 }),
        Err(ExecuteError::Refused(refusal)) => Err(refusal.into()),
        Err(ExecuteError::Conflict) => Err(Problem::new(Code::Busy)),
        Err(error @ ExecuteError::Unavailable(_)) => Err(Problem::unavailable(&error)),
        Err(error @ ExecuteError::Corrupt(_)) => Err(Problem::internal(&error)),
    }
}

impl From<LoadError> for Problem {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Unavailable(_) => Self::unavailable(&error),
            LoadError::Corrupt(_) => Self::internal(&error),
        }
    }
}

impl From<ReachError> for Problem {
    fn from(error: ReachError) -> Self {
        match error {
            ReachError::Journey(error) => error.into(),
            ReachError::NotRecorded(error) => {
                let refused = done(Err(error)).err();
                refused.unwrap_or_else(|| Self::new(Code::Busy))
            }
        }
    }
}

impl From<RewardError> for Problem {
    fn from(refusal: RewardError) -> Self {
        use RewardError as E;
        match refusal {
            E::NotReached => Self::new(Code::NotFound),
            E::NotNow { status } => Self::new(Code::NotClaimable).fact("status", status),
            E::PartnerNotEligible { .. } => Self::new(Code::PartnerNotEligible),
            E::AlreadyClaimed { partner_id } => {
                Self::new(Code::AlreadyClaimed).fact("partner_id", partner_id)
            }
            E::AccountNeeded { partner_id } => {
                Self::new(Code::AccountNeeded).fact("partner_id", partner_id)
            }
            E::Unsettled { partner_id, .. } => {
                Self::new(Code::AlreadyClaimed).fact("partner_id", partner_id)
            }
            // What only processes and partners can be told; a client meeting one is our fault.
            refusal @ (E::AlreadyReached
            | E::NotTheNextAttempt { .. }
            | E::AttemptNotOpen { .. }
            | E::UnderWay { .. }
            | E::MayHaveBeenProcessed { .. }
            | E::NoSuchRefusal { .. }
            | E::NotWhatWasOrdered { .. }
            | E::NoSuchValue
            | E::GivenBefore { .. }
            | E::ArrivedAfterReturn { .. }
            | E::RedemptionDiffers { .. }
            | E::NoSuchRedemption { .. }
            | E::Overspent { .. }
            | E::NothingSpent { .. }
            | E::SamePerson { .. }
            | E::AlreadyDone { .. }
            | E::WrongAttempt { .. }
            | E::NotAnother { .. }
            | E::OutcomeDiffers { .. }
            | E::VoidOpen
            | E::Money(_)) => Self::internal(&refusal),
        }
    }
}

impl From<JourneyError> for Problem {
    fn from(refusal: JourneyError) -> Self {
        use JourneyError as E;
        let date = |refusal: &E| Self::new(Code::DateNotAccepted).detail(format!("{refusal}."));
        match &refusal {
            E::AfterToday { today, .. } => date(&refusal).fact("today", today),
            E::TooLongAgo { .. } => date(&refusal),
            E::NotAfterStart { started_on, .. } => date(&refusal).fact("started_on", started_on),
            E::ReasonMissing { from, .. } => {
                Self::new(Code::ReasonRequired).fact("started_on", from)
            }
            E::NotStarted => Self::new(Code::NoJourney),
        }
    }
}

impl From<MemberError> for Problem {
    fn from(refusal: MemberError) -> Self {
        match refusal {
            MemberError::Erased => Self::new(Code::MemberErased),
            MemberError::ReferralNotAgreed => Self::new(Code::ConsentRequired),
            MemberError::ContactNeeded => Self::new(Code::ContactNeeded),
            MemberError::ErasureNotRequested => Self::internal(&refusal),
        }
    }
}

impl From<PartnerAccountError> for Problem {
    fn from(refusal: PartnerAccountError) -> Self {
        match refusal {
            PartnerAccountError::NotRequested => Self::new(Code::NotFound),
            PartnerAccountError::NotNow { status } => {
                Self::new(Code::AccountNotVerified).fact("verification_status", status)
            }
        }
    }
}

impl From<VaultError> for Problem {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::KeyDestroyed => Self::new(Code::MemberErased),
            VaultError::Unreachable(error) => error.into(),
            error @ (VaultError::KeyMissing { .. } | VaultError::DoesNotOpen) => {
                Self::internal(&error)
            }
        }
    }
}

impl From<WaitError> for Problem {
    fn from(error: WaitError) -> Self {
        match error {
            WaitError::NotYet { reached } => Self::new(Code::NotYet).fact("reached", reached),
            WaitError::Database(error) => error.into(),
        }
    }
}

impl From<PageError> for Problem {
    fn from(error: PageError) -> Self {
        Self::new(Code::InvalidQuery).detail(format!("{error}."))
    }
}

impl From<ListError> for Problem {
    fn from(error: ListError) -> Self {
        match error {
            ListError::Page(error) => error.into(),
            ListError::Database(error) => error.into(),
        }
    }
}

impl From<AsOfError> for Problem {
    fn from(error: AsOfError) -> Self {
        match error {
            AsOfError::InFuture => Self::new(Code::InvalidQuery)
                .detail("`as_of` is a time that has been, or a position of the log."),
            AsOfError::NotReached { reached } => Self::new(Code::NotYet).fact("reached", reached),
            AsOfError::Database(error) => error.into(),
        }
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
        match code.as_deref() {
            // A table or schema that this program knows is not there.
            Some("42P01" | "3F000" | "42703") => Self::new(Code::MigrationNeeded),
            // Out of resources, shutting down, connection lost, serialisation: worth a repeat.
            Some(code) if ["08", "40", "53", "55", "57"].contains(&&code[..2]) => {
                Self::unavailable(&error)
            }
            Some(_) => Self::internal(&error),
            None => match error {
                sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed => Self::unavailable(&error),
                error => Self::internal(&error),
            },
        }
    }
}
