//! What happened to a member: contact, consent and referrals. The stream's id is the member's.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::{PartnerId, ReferralId};
use crate::sealed::{Email, PersonName, Sealed};

/// What a member may agree to (C1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentPurpose {
    /// Telling a partner which account is theirs.
    Link,
    /// Asking a partner about that account.
    LookUp,
    /// Being referred to a support service.
    Referral,
}

/// How the member can be reached, as the Anchor app's backend reports it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContactChanged {
    /// Where messages go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Sealed<Email>>,
    /// How they are addressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Sealed<PersonName>>,
    /// In which language, as a BCP 47 tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Keyed hash of all of it: the same contact reported again is no event.
    pub contact_tag: String,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// The member agreed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConsentGiven {
    /// To what.
    pub purpose: ConsentPurpose,
    /// With whom.
    pub partner_id: PartnerId,
    /// Which text they read.
    pub text_version: String,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// The member no longer agrees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConsentWithdrawn {
    /// To what.
    pub purpose: ConsentPurpose,
    /// With whom.
    pub partner_id: PartnerId,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// The member asked to be put in touch: from here on the service may have been told (P5, C1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReferralRequested {
    /// Which referral.
    pub referral_id: ReferralId,
    /// To whom.
    pub partner_id: PartnerId,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// The service has it, and gets in touch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReferralTaken {
    /// Which referral.
    pub referral_id: ReferralId,
    /// To whom.
    pub partner_id: PartnerId,
    /// The service's own id for it.
    pub partner_ref: String,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// The service does not take it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReferralRefused {
    /// Which referral.
    pub referral_id: ReferralId,
    /// To whom.
    pub partner_id: PartnerId,
    /// The service's documented code.
    pub code: String,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// The member asked to be forgotten (C2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErasureRequested {
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// Their key is destroyed: what was sealed with it cannot be read any more (C2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MemberErased {
    /// Which key.
    pub key_id: String,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

crate::event::events! {
    /// Events of a member.
    MemberEvent of "member" {
        ContactChanged "1.0",
        ConsentGiven "1.0",
        ConsentWithdrawn "1.0",
        ReferralRequested "1.0",
        ReferralTaken "1.0",
        ReferralRefused "1.0",
        ErasureRequested "1.0",
        MemberErased "1.0",
    }
}
