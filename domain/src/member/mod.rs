//! A member: how they can be reached, what they agreed to, to whom they were referred, and that
//! they were forgotten.
//!
//! Contact is sealed under the member's own key before it gets here. Consent is given with a
//! purpose and a partner, and can be withdrawn; both are facts.

mod aggregate;
mod command;
mod error;
mod event;
mod referral;
#[cfg(test)]
mod tests;

pub use aggregate::{Consent, Member};
pub use command::MemberCommand;
pub use error::MemberError;
pub use event::*;
pub use referral::{Referral, ReferralState};
