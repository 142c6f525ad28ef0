//! Which rule of a member's record refused?

/// Why a wish was refused. A refusal changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MemberError {
    /// Nothing can be kept about them any more.
    #[error("the member has asked to be forgotten")]
    Erased,
    /// Only who asked to be forgotten is.
    #[error("no erasure was asked for")]
    ErasureNotRequested,
}
