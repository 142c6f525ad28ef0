//! The rules of contact, consent, referrals and being forgotten.
//!
//! Rows: C1, C2, P5.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::referral::{Referral, ReferralState, answered, next_id, request};
use super::{
    ConsentGiven, ConsentPurpose, ConsentWithdrawn, ContactChanged, ErasureRequested,
    MemberCommand, MemberErased, MemberError, MemberEvent,
};
use crate::aggregate::aggregate;
use crate::ids::{MemberId, PartnerId, ReferralId};
use crate::sealed::{Email, PersonName, Sealed};

/// What a member was asked and said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// To what.
    pub purpose: ConsentPurpose,
    /// With whom.
    pub partner_id: PartnerId,
    /// Whether they agree.
    pub granted: bool,
    /// Which text they read.
    pub text_version: String,
    /// Since when it is so.
    pub at: DateTime<Utc>,
}

/// A member's record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    contact_tag: Option<String>,
    email: Option<Sealed<Email>>,
    name: Option<Sealed<PersonName>>,
    /// What they were asked, and what they said last.
    consents: BTreeMap<String, Consent>,
    /// The newest to each service.
    referrals: BTreeMap<PartnerId, Referral>,
    is_erasure_requested: bool,
    is_erased: bool,
}

impl Member {
    /// Whether they agree to this, with this partner.
    #[must_use]
    pub fn consents_to(&self, purpose: ConsentPurpose, partner: &PartnerId) -> bool {
        self.consents.get(&consent_key(purpose, partner)).is_some_and(|consent| consent.granted)
    }

    /// Everything they ever agreed to, and whether they still do.
    pub fn consents(&self) -> impl Iterator<Item = &Consent> {
        self.consents.values()
    }

    /// Whether there is a way to reach them.
    #[must_use]
    pub fn has_contact(&self) -> bool {
        self.email.is_some()
    }

    /// Whether they asked to be forgotten: nothing is told to them any more.
    #[must_use]
    pub fn asked_to_be_forgotten(&self) -> bool {
        self.is_erasure_requested || self.is_erased
    }

    /// Where messages go, sealed.
    #[must_use]
    pub fn email(&self) -> Option<&Sealed<Email>> {
        self.email.as_ref()
    }

    /// How they are addressed, sealed.
    #[must_use]
    pub fn name(&self) -> Option<&Sealed<PersonName>> {
        self.name.as_ref()
    }

    /// The newest referral to this service.
    #[must_use]
    pub fn referral(&self, service: &PartnerId) -> Option<&Referral> {
        self.referrals.get(service)
    }

    /// The id that the next referral of this member to this service has.
    #[must_use]
    pub fn next_referral(&self, member: MemberId, service: &PartnerId) -> ReferralId {
        next_id(member, service, self.referral(service))
    }

    fn referral_by_id(&self, id: ReferralId) -> Option<(&PartnerId, &Referral)> {
        self.referrals.iter().find(|(_, referral)| referral.id == id)
    }

    /// What follows from a wish.
    ///
    /// # Errors
    /// [`MemberError`] names the rule.
    pub fn decide(
        &self,
        command: MemberCommand,
        at: DateTime<Utc>,
    ) -> Result<Vec<MemberEvent>, MemberError> {
        let occurred_at = at;
        match command {
            MemberCommand::RecordErased { .. } if self.is_erased => return Ok(Vec::new()),
            MemberCommand::RecordErased { key_id } if self.is_erasure_requested => {
                return Ok(vec![MemberErased { key_id, occurred_at }.into()]);
            }
            MemberCommand::RecordErased { .. } => return Err(MemberError::ErasureNotRequested),
            MemberCommand::RequestErasure if self.is_erasure_requested => return Ok(Vec::new()),
            _ if self.is_erasure_requested => return Err(MemberError::Erased),
            _ => {}
        }
        Ok(match command {
            MemberCommand::ChangeContact { contact_tag, .. }
                if self.contact_tag.as_ref() == Some(&contact_tag) =>
            {
                Vec::new()
            }
            MemberCommand::ChangeContact { email: None, name: None, locale: None, .. }
                if self.contact_tag.is_none() =>
            {
                Vec::new()
            }
            MemberCommand::ChangeContact { email, name, locale, contact_tag } => {
                vec![ContactChanged { email, name, locale, contact_tag, occurred_at }.into()]
            }
            MemberCommand::GiveConsent { purpose, partner_id, text_version } => {
                let known = self.consents.get(&consent_key(purpose, &partner_id));
                let granted = known.filter(|consent| consent.granted);
                if granted.is_some_and(|consent| consent.text_version == text_version) {
                    return Ok(Vec::new());
                }
                vec![ConsentGiven { purpose, partner_id, text_version, occurred_at }.into()]
            }
            MemberCommand::WithdrawConsent { purpose, partner_id } => {
                if !self.consents_to(purpose, &partner_id) {
                    return Ok(Vec::new());
                }
                vec![ConsentWithdrawn { purpose, partner_id, occurred_at }.into()]
            }
            MemberCommand::RequestReferral { referral_id, partner_id } => {
                if !self.consents_to(ConsentPurpose::Referral, &partner_id) {
                    return Err(MemberError::ReferralNotAgreed);
                }
                if !self.has_contact() {
                    return Err(MemberError::ContactNeeded);
                }
                let last = self.referrals.get(&partner_id);
                request((referral_id, partner_id), last, self.contact_tag.as_ref(), at)
            }
            MemberCommand::RecordReferralTaken { referral_id, partner_ref } => {
                let known = self.referral_by_id(referral_id);
                known.map(|known| answered(known, Ok(partner_ref), at)).unwrap_or_default()
            }
            MemberCommand::RecordReferralRefused { referral_id, code } => {
                let known = self.referral_by_id(referral_id);
                known.map(|known| answered(known, Err(code), at)).unwrap_or_default()
            }
            MemberCommand::RequestErasure => vec![ErasureRequested { occurred_at }.into()],
            MemberCommand::RecordErased { .. } => Vec::new(),
        })
    }

    /// The state after an event.
    pub fn evolve(&mut self, event: &MemberEvent) {
        match event {
            MemberEvent::ContactChanged(e) => {
                self.contact_tag = Some(e.contact_tag.clone());
                self.email.clone_from(&e.email);
                self.name.clone_from(&e.name);
            }
            MemberEvent::ConsentGiven(e) => {
                let key = consent_key(e.purpose, &e.partner_id);
                let consent = Consent {
                    purpose: e.purpose,
                    partner_id: e.partner_id.clone(),
                    granted: true,
                    text_version: e.text_version.clone(),
                    at: e.occurred_at,
                };
                self.consents.insert(key, consent);
            }
            MemberEvent::ConsentWithdrawn(e) => {
                let key = consent_key(e.purpose, &e.partner_id);
                if let Some(consent) = self.consents.get_mut(&key) {
                    consent.granted = false;
                    consent.at = e.occurred_at;
                }
            }
            MemberEvent::ReferralRequested(e) => {
                let number = self.referral(&e.partner_id).map_or(0, |last| last.number) + 1;
                let referral = Referral {
                    id: e.referral_id,
                    number,
                    contact_tag: self.contact_tag.clone(),
                    state: ReferralState::Requested,
                    at: e.occurred_at,
                };
                self.referrals.insert(e.partner_id.clone(), referral);
            }
            MemberEvent::ReferralTaken(e) => {
                self.referral_stands(&e.partner_id, ReferralState::Taken, e.occurred_at);
            }
            MemberEvent::ReferralRefused(e) => {
                self.referral_stands(&e.partner_id, ReferralState::Refused, e.occurred_at);
            }
            MemberEvent::ErasureRequested(_) => self.is_erasure_requested = true,
            MemberEvent::MemberErased(_) => self.is_erased = true,
        }
    }

    fn referral_stands(&mut self, service: &PartnerId, state: ReferralState, at: DateTime<Utc>) {
        if let Some(referral) = self.referrals.get_mut(service) {
            (referral.state, referral.at) = (state, at);
        }
    }
}

fn consent_key(purpose: ConsentPurpose, partner: &PartnerId) -> String {
    let purpose = match purpose {
        ConsentPurpose::Link => "link",
        ConsentPurpose::LookUp => "look_up",
        ConsentPurpose::Referral => "referral",
    };
    format!("{purpose}:{partner}")
}

aggregate!(Member: MemberCommand -> MemberEvent | MemberError);
