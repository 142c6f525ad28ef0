//! The rules of a partner's life.
//!
//! Rows: P1, P6, P7.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Days, Utc};
use serde::{Deserialize, Serialize};

use super::{
    Attestation, Certificate, FloatLowReported, OnboardingStepPassed, PartnerActivated,
    PartnerCertified, PartnerCommand, PartnerCredentialsChanged, PartnerDeactivated,
    PartnerDetails, PartnerDetailsChanged, PartnerError, PartnerEvent, PartnerRegistered,
    PartnerSuspended, Passed, Step,
};
use crate::aggregate::aggregate;

/// Where a partner stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartnerStatus {
    /// Known, and not live yet.
    #[default]
    Pending,
    /// Live.
    Active,
    /// Not for now.
    Suspended,
    /// Not any more.
    Inactive,
}

impl PartnerStatus {
    /// The word that is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Inactive => "inactive",
        }
    }
}

impl fmt::Display for PartnerStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A partner as the ledger knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partner {
    details: Option<PartnerDetails>,
    status: PartnerStatus,
    /// It became active because no real value could flow.
    is_sandboxed: bool,
    /// How each step was passed, by its word: words of other times are kept.
    passed: BTreeMap<String, Passed>,
}

/// Why a partner is active through which no real value can flow.
pub const SANDBOXED: &str = "loopback_api";

/// The longest reference to a document, in characters.
const LONGEST_DOCUMENT: usize = 200;

impl Partner {
    /// Where it stands.
    #[must_use]
    pub fn status(&self) -> PartnerStatus {
        self.status
    }

    /// What the catalogue said last.
    #[must_use]
    pub fn details(&self) -> Option<&PartnerDetails> {
        self.details.as_ref()
    }

    /// Each item of its checklist, and how it was passed.
    pub fn checklist(&self) -> impl Iterator<Item = (Step, Option<&Passed>)> {
        let details = self.details.as_ref();
        let required = details.map_or(&[][..], |known| Step::required_of(known.partner_type));
        required.iter().map(|step| (*step, self.passed.get(step.as_str())))
    }

    /// Whether it is active as a sandbox alone: with real credentials it must not be.
    #[must_use]
    pub fn is_live_as_sandbox(&self) -> bool {
        self.status == PartnerStatus::Active && self.is_sandboxed && !self.missing().is_empty()
    }

    fn missing(&self) -> Vec<Step> {
        self.checklist().filter(|(_, passed)| passed.is_none()).map(|(step, _)| step).collect()
    }

    fn has_passed(&self, step: Step) -> bool {
        self.passed.contains_key(step.as_str())
    }

    /// What follows from a wish.
    ///
    /// # Errors
    /// [`PartnerError`] names the rule.
    pub fn decide(
        &self,
        command: PartnerCommand,
        at: DateTime<Utc>,
    ) -> Result<Vec<PartnerEvent>, PartnerError> {
        use PartnerStatus::{Active, Inactive, Pending, Suspended};
        let occurred_at = at;
        let known = self.details.as_ref();
        match (command, known) {
            (PartnerCommand::Describe(details), None) => {
                Ok(vec![PartnerRegistered { details, occurred_at }.into()])
            }
            (PartnerCommand::Describe(details), Some(known)) if details == *known => Ok(vec![]),
            (PartnerCommand::Describe(details), Some(_)) => {
                Ok(vec![PartnerDetailsChanged { details, occurred_at }.into()])
            }
            (_, None) => Err(PartnerError::NotRegistered),
            (PartnerCommand::PassStep { step, evidence }, _) => self.pass(step, evidence, at),
            (PartnerCommand::Attest { step, attestation }, _) => {
                self.attest(step, attestation, at)
            }
            (PartnerCommand::Certify(certificate), _) => Ok(self.certify(certificate, at)),
            (PartnerCommand::NoteCredentials { api }, _) => {
                Ok(vec![PartnerCredentialsChanged { api, occurred_at }.into()])
            }
            (PartnerCommand::Activate { why, is_sandboxed }, _) => {
                let missing = if is_sandboxed { Vec::new() } else { self.missing() };
                if !missing.is_empty() && self.status != Active {
                    return Err(PartnerError::NotOnboarded { missing });
                }
                let event = PartnerActivated { why, occurred_at }.into();
                self.turn(Active, &[Pending, Suspended, Inactive], event)
            }
            (PartnerCommand::Suspend { why }, _) => {
                let event = PartnerSuspended { why, occurred_at }.into();
                self.turn(Suspended, &[Active], event)
            }
            (PartnerCommand::Deactivate { why }, _) => {
                let event = PartnerDeactivated { why, occurred_at }.into();
                self.turn(Inactive, &[Pending, Active, Suspended], event)
            }
            (PartnerCommand::ReportFloatLow { balance, threshold, currency, at }, _) => {
                Ok(vec![FloatLowReported { balance, threshold, currency, occurred_at: at }.into()])
            }
        }
    }

    /// A machine has seen a step. Once is enough.
    fn pass(
        &self,
        step: Step,
        evidence: String,
        occurred_at: DateTime<Utc>,
    ) -> Result<Vec<PartnerEvent>, PartnerError> {
        if step.is_attested() {
            return Err(PartnerError::NotShown { step });
        }
        if self.has_passed(step) {
            return Ok(Vec::new());
        }
        let step = step.as_str().to_owned();
        let (attested_by, attested_on) = (None, None);
        let passed =
            OnboardingStepPassed { step, evidence, attested_by, attested_on, occurred_at };
        Ok(vec![passed.into()])
    }

    /// A person says so. Another document in the place of an earlier one is news.
    fn attest(
        &self,
        step: Step,
        attestation: Attestation,
        occurred_at: DateTime<Utc>,
    ) -> Result<Vec<PartnerEvent>, PartnerError> {
        let Attestation { by, on, document } = attestation;
        if !step.is_attested() {
            return Err(PartnerError::NotAttested { step });
        }
        // Somebody east of the ledger's clock may be a day ahead of it.
        if on > occurred_at.date_naive() + Days::new(1) {
            return Err(PartnerError::DayAhead);
        }
        let document = document.trim();
        if !(1..=LONGEST_DOCUMENT).contains(&document.chars().count()) {
            return Err(PartnerError::NoDocument);
        }
        if self.passed.get(step.as_str()).is_some_and(|known| known.evidence == document) {
            return Ok(Vec::new());
        }
        let passed = OnboardingStepPassed {
            step: step.as_str().to_owned(),
            evidence: document.to_owned(),
            attested_by: Some(by),
            attested_on: Some(on),
            occurred_at,
        };
        Ok(vec![passed.into()])
    }

    /// The same report again is nothing new.
    fn certify(&self, certificate: Certificate, at: DateTime<Utc>) -> Vec<PartnerEvent> {
        let Certificate { kit, api, digest, key_id, shown } = certificate;
        let known = self.passed.get(Step::Certified.as_str());
        if known.is_some_and(|known| known.evidence == digest) {
            return Vec::new();
        }
        let evidence = format!("report {digest}");
        let certified = PartnerCertified { kit, api, digest, key_id, occurred_at: at };
        let mut events = vec![certified.into()];
        for step in shown.into_iter().filter(|step| *step != Step::Certified) {
            events.extend(self.pass(step, evidence.clone(), at).unwrap_or_default());
        }
        events
    }

    /// To where it stands already, nothing new; from elsewhere than `from`, refused.
    fn turn(
        &self,
        to: PartnerStatus,
        from: &[PartnerStatus],
        event: PartnerEvent,
    ) -> Result<Vec<PartnerEvent>, PartnerError> {
        if self.status == to {
            Ok(Vec::new())
        } else if from.contains(&self.status) {
            Ok(vec![event])
        } else {
            Err(PartnerError::NotNow { status: self.status })
        }
    }

    /// The state after an event.
    pub fn evolve(&mut self, event: &PartnerEvent) {
        match event {
            PartnerEvent::PartnerRegistered(e) => self.details = Some(e.details.clone()),
            PartnerEvent::PartnerDetailsChanged(e) => self.details = Some(e.details.clone()),
            PartnerEvent::OnboardingStepPassed(e) => {
                let passed = Passed {
                    evidence: e.evidence.clone(),
                    attested_by: e.attested_by.clone(),
                    attested_on: e.attested_on,
                };
                self.passed.insert(e.step.clone(), passed);
            }
            PartnerEvent::PartnerCertified(e) => {
                let (attested_by, attested_on) = (None, None);
                let passed = Passed { evidence: e.digest.clone(), attested_by, attested_on };
                self.passed.insert(Step::Certified.as_str().to_owned(), passed);
            }
            PartnerEvent::PartnerActivated(e) => {
                self.status = PartnerStatus::Active;
                self.is_sandboxed = e.why == SANDBOXED;
            }
            PartnerEvent::PartnerSuspended(_) => self.status = PartnerStatus::Suspended,
            PartnerEvent::PartnerDeactivated(_) => self.status = PartnerStatus::Inactive,
            PartnerEvent::FloatLowReported(_) | PartnerEvent::PartnerCredentialsChanged(_) => {}
        }
    }
}

aggregate!(Partner: PartnerCommand -> PartnerEvent | PartnerError);
