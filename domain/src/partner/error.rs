//! Which rule of a partner's record refused?

use super::aggregate::PartnerStatus;
use super::onboarding::Step;

/// Why a wish was refused. A refusal changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PartnerError {
    /// Add it to the catalogue first.
    #[error("the partner is not registered")]
    NotRegistered,
    /// Read the partner's status.
    #[error("not possible while the partner is {status}")]
    NotNow {
        /// Where it stands.
        status: PartnerStatus,
    },
    /// Pass these first; `anchor partner show` says how each is passed.
    #[error("not onboarded yet: {}", words(.missing))]
    NotOnboarded {
        /// What is missing.
        missing: Vec<Step>,
    },
    /// Let the machine see it: a certification, or a webhook.
    #[error("{step} is shown by a machine, and not attested")]
    NotAttested {
        /// Which.
        step: Step,
    },
    /// Have a person attest it.
    #[error("{step} is attested by a person, with name, date and document")]
    NotShown {
        /// Which.
        step: Step,
    },
    /// Give the day on which it was attested.
    #[error("it cannot be attested on a day that is still to come")]
    DayAhead,
    /// Name the document.
    #[error("an attestation names its document, in 1 to 200 characters")]
    NoDocument,
}

fn words(steps: &[Step]) -> String {
    let words: Vec<&str> = steps.iter().map(|step| step.as_str()).collect();
    words.join(", ")
}
