//! What may be asked of a partner's record.

use chrono::{DateTime, Utc};

use super::event::PartnerDetails;
use super::onboarding::{Attestation, Certificate, Step};
use crate::money::{Amount, Currency};

/// A wish concerning a partner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartnerCommand {
    /// This is what the catalogue says. The same again is nothing new.
    Describe(PartnerDetails),
    /// A machine has seen that an item of the checklist is done.
    PassStep {
        /// Which.
        step: Step,
        /// What shows it.
        evidence: String,
    },
    /// A person says that an item of the checklist is done.
    Attest {
        /// Which.
        step: Step,
        /// Who, when, and on which document's word.
        attestation: Attestation,
    },
    /// The certification found nothing.
    Certify(Certificate),
    /// How it is reached was given on the command line; none when that was taken back.
    NoteCredentials {
        /// The address of its API, without any secret.
        api: Option<String>,
    },
    /// Value may be issued through it.
    Activate {
        /// A code.
        why: String,
        /// Its API is on this machine, so that no real value can flow: no onboarding is needed.
        is_sandboxed: bool,
    },
    /// Not for now.
    Suspend {
        /// A code.
        why: String,
    },
    /// Not any more.
    Deactivate {
        /// A code.
        why: String,
    },
    /// The partner says that our float with it runs low.
    ReportFloatLow {
        /// What is left.
        balance: Amount,
        /// Below what it warns.
        threshold: Amount,
        /// Of what.
        currency: Currency,
        /// When.
        at: DateTime<Utc>,
    },
}
