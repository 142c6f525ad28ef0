//! Which rule of a partner account refused?

use super::aggregate::VerificationStatus;

/// Why a wish was refused. A refusal changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PartnerAccountError {
    /// Ask to link it first.
    #[error("no such account has been linked")]
    NotRequested,
    /// Read the account again; it has moved on.
    #[error("not possible while the account is {status}")]
    NotNow {
        /// Where it stands.
        status: VerificationStatus,
    },
}
