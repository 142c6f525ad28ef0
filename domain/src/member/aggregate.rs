//! The rules of contact, consent and being forgotten.
//!
//! Rows: C1, C2.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    ConsentGiven, ConsentPurpose, ConsentWithdrawn, ContactChanged, ErasureRequested,
    MemberCommand, MemberErased, MemberError, MemberEvent,
};
use crate::aggregate::aggregate;
use crate::ids::PartnerId;

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
    has_email: bool,
    /// What they were asked, and what they said last.
    consents: BTreeMap<String, Consent>,
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
        self.has_email
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
            MemberCommand::RequestErasure => vec![ErasureRequested { occurred_at }.into()],
            MemberCommand::RecordErased { .. } => Vec::new(),
        })
    }

    /// The state after an event.
    pub fn evolve(&mut self, event: &MemberEvent) {
        match event {
            MemberEvent::ContactChanged(e) => {
                self.contact_tag = Some(e.contact_tag.clone());
                self.has_email = e.email.is_some();
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
            MemberEvent::ErasureRequested(_) => self.is_erasure_requested = true,
            MemberEvent::MemberErased(_) => self.is_erased = true,
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
