//! What may be asked of a partner's record.

use chrono::{DateTime, Utc};

use super::event::PartnerDetails;
use crate::money::{Amount, Currency};

/// A wish concerning a partner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartnerCommand {
    /// This is what the catalogue says. The same again is nothing new.
    Describe(PartnerDetails),
    /// An item of the onboarding checklist is done.
    PassStep {
        /// Which.
        step: String,
        /// What shows it.
        evidence: String,
    },
    /// Value may be issued through it.
    Activate {
        /// A code.
        why: String,
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
