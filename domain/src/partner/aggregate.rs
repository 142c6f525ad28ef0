//! The rules of a partner's life.
//!
//! Rows: P1, P6.

use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    FloatLowReported, OnboardingStepPassed, PartnerActivated, PartnerCommand, PartnerDeactivated,
    PartnerDetails, PartnerDetailsChanged, PartnerError, PartnerEvent, PartnerRegistered,
    PartnerSuspended,
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
    steps: BTreeSet<String>,
}

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
            (PartnerCommand::PassStep { step, .. }, _) if self.steps.contains(&step) => Ok(vec![]),
            (PartnerCommand::PassStep { step, evidence }, _) => {
                Ok(vec![OnboardingStepPassed { step, evidence, occurred_at }.into()])
            }
            (PartnerCommand::Activate { why }, _) => {
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
                self.steps.insert(e.step.clone());
            }
            PartnerEvent::PartnerActivated(_) => self.status = PartnerStatus::Active,
            PartnerEvent::PartnerSuspended(_) => self.status = PartnerStatus::Suspended,
            PartnerEvent::PartnerDeactivated(_) => self.status = PartnerStatus::Inactive,
            PartnerEvent::FloatLowReported(_) => {}
        }
    }
}

aggregate!(Partner: PartnerCommand -> PartnerEvent | PartnerError);
