//! Which rule of a partner's record refused?

use super::aggregate::PartnerStatus;

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
}
