//! Is this referral new, and how does it stand? One at a time to each service.
//!
//! *Why its own answer is recorded, and its request before*: what a service may have been told of a
//! member is on record before any byte of it leaves (C1). Nobody answering is no answer: the same
//! referral is passed on again, under the same id, which the service takes once.
//!
//! Rows: P5, C1.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use super::{MemberEvent, ReferralRefused, ReferralRequested, ReferralTaken};
use crate::ids::{MemberId, PartnerId, ReferralId};

/// For so long after a service took one, asking again means the same one.
const TAKEN_FOR_DAYS: i64 = 7;

/// How a referral stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReferralState {
    /// The service may know of it; it has not said so.
    Requested,
    /// It gets in touch.
    Taken,
    /// It does not.
    Refused,
}

/// The newest referral to one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Referral {
    /// Which.
    pub id: ReferralId,
    /// How often the member was referred there, this one included.
    pub number: u32,
    /// What the service was told, as the contact's keyed hash.
    pub contact_tag: Option<String>,
    /// How it stands.
    pub state: ReferralState,
    /// Since when.
    pub at: DateTime<Utc>,
}

impl Referral {
    /// Whether asking at `at` means this one. With another address it never does: a repeat has to
    /// say the same, and whoever moved wants to be reached where they are now.
    fn still_counts(&self, at: DateTime<Utc>, contact_tag: Option<&String>) -> bool {
        self.contact_tag.as_ref() == contact_tag
            && match self.state {
                ReferralState::Requested => true,
                ReferralState::Taken => at - self.at < Duration::days(TAKEN_FOR_DAYS),
                ReferralState::Refused => false,
            }
    }
}

/// The id that the next referral has.
pub(super) fn next_id(
    member: MemberId,
    service: &PartnerId,
    last: Option<&Referral>,
) -> ReferralId {
    ReferralId::of(member, service, last.map_or(0, |last| last.number) + 1)
}

/// What follows from asking for a referral.
pub(super) fn request(
    (referral_id, partner_id): (ReferralId, PartnerId),
    last: Option<&Referral>,
    contact_tag: Option<&String>,
    occurred_at: DateTime<Utc>,
) -> Vec<MemberEvent> {
    let is_it =
        |last: &Referral| last.id == referral_id || last.still_counts(occurred_at, contact_tag);
    if last.is_some_and(is_it) {
        return Vec::new();
    }
    vec![ReferralRequested { referral_id, partner_id, occurred_at }.into()]
}

/// What follows from a service's answer, given as its id for it or the code of its refusal.
pub(super) fn answered(
    (partner_id, referral): (&PartnerId, &Referral),
    answer: Result<String, String>,
    occurred_at: DateTime<Utc>,
) -> Vec<MemberEvent> {
    if referral.state != ReferralState::Requested {
        return Vec::new();
    }
    let (referral_id, partner_id) = (referral.id, partner_id.clone());
    vec![match answer {
        Ok(partner_ref) => {
            ReferralTaken { referral_id, partner_id, partner_ref, occurred_at }.into()
        }
        Err(code) => ReferralRefused { referral_id, partner_id, code, occurred_at }.into(),
    }]
}
