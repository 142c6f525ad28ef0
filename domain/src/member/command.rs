//! What may be asked of a member's record.

use super::event::ConsentPurpose;
use crate::ids::{PartnerId, ReferralId};
use crate::sealed::{Email, PersonName, Sealed};

/// A wish concerning a member. Fields are named as in the event that follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of the event that follows")]
pub enum MemberCommand {
    /// This is how they can be reached. The same again is nothing new.
    ChangeContact {
        email: Option<Sealed<Email>>,
        name: Option<Sealed<PersonName>>,
        locale: Option<String>,
        contact_tag: String,
    },
    /// They agree.
    GiveConsent { purpose: ConsentPurpose, partner_id: PartnerId, text_version: String },
    /// They no longer agree.
    WithdrawConsent { purpose: ConsentPurpose, partner_id: PartnerId },
    /// They want to be put in touch with a support service. One that is under way, or was taken a
    /// few days ago, is nothing new, unless they are reached elsewhere now.
    RequestReferral { referral_id: ReferralId, partner_id: PartnerId },
    /// The service took it.
    RecordReferralTaken { referral_id: ReferralId, partner_ref: String },
    /// The service did not.
    RecordReferralRefused { referral_id: ReferralId, code: String },
    /// They ask to be forgotten.
    RequestErasure,
    /// Their key is destroyed.
    RecordErased { key_id: String },
}
