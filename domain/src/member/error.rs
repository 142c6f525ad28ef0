//! Which rule of a member's record refused?

/// Why a wish was refused. A refusal changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MemberError {
    /// Nothing can be kept about them any more.
    #[error("the member has asked to be forgotten")]
    Erased,
    /// Nobody is told anything of theirs before they agree.
    #[error("the member has not agreed to a referral there")]
    ReferralNotAgreed,
    /// A service needs a way to get in touch.
    #[error("no e-mail address of the member is known")]
    ContactNeeded,
    /// Only who asked to be forgotten is.
    #[error("no erasure was asked for")]
    ErasureNotRequested,
}
