//! What has to be shown before value may flow through a partner? A checklist that mostly ticks
//! itself.
//!
//! What a machine can see is shown by one: by a run of the certification, or by a webhook whose
//! signature was good. The rest a person attests, by name, with a date and the document that says
//! so.
//!
//! Rows: P7.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize, Serializer};

use super::event::PartnerType;
use crate::sealed::{PersonName, Sealed};

/// One item of the checklist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Its credentials gave us a token.
    TokenObtained,
    /// It issued a voucher or took a credit, and we read its answer.
    ValueIssued,
    /// A webhook came from it, and its signature was good.
    WebhookVerified,
    /// Its statement had what it had issued, and added up.
    StatementReconciled,
    /// It kept every promise of the published protocol.
    Certified,
    /// Who may do what with data is agreed.
    DataSharingAgreement,
    /// The contract says who pays when.
    ContractAndFunding,
    /// There is somebody to call.
    SupportContact,
    /// Its security is attested, such as by PCI DSS or SOC 2.
    SecurityAttestation,
}

impl Step {
    /// All of them, in the order in which they are mostly passed.
    pub const ALL: [Self; 9] = [
        Self::TokenObtained,
        Self::ValueIssued,
        Self::WebhookVerified,
        Self::StatementReconciled,
        Self::Certified,
        Self::DataSharingAgreement,
        Self::ContractAndFunding,
        Self::SupportContact,
        Self::SecurityAttestation,
    ];

    /// What a partner of this type has to pass.
    #[must_use]
    pub fn required_of(partner_type: PartnerType) -> &'static [Self] {
        match partner_type {
            PartnerType::Retail | PartnerType::Utility | PartnerType::Transport => &Self::ALL,
            PartnerType::Support => &[
                Self::TokenObtained,
                Self::Certified,
                Self::DataSharingAgreement,
                Self::SupportContact,
            ],
        }
    }

    /// The word that is stored and typed.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TokenObtained => "token_obtained",
            Self::ValueIssued => "value_issued",
            Self::WebhookVerified => "webhook_verified",
            Self::StatementReconciled => "statement_reconciled",
            Self::Certified => "certified",
            Self::DataSharingAgreement => "data_sharing_agreement",
            Self::ContractAndFunding => "contract_and_funding",
            Self::SupportContact => "support_contact",
            Self::SecurityAttestation => "security_attestation",
        }
    }

    /// Whether a person says so, and not a machine.
    #[must_use]
    pub fn is_attested(self) -> bool {
        match self {
            Self::TokenObtained
            | Self::ValueIssued
            | Self::WebhookVerified
            | Self::StatementReconciled
            | Self::Certified => false,
            Self::DataSharingAgreement
            | Self::ContractAndFunding
            | Self::SupportContact
            | Self::SecurityAttestation => true,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A word that is no item of the checklist; the message names those there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such step of onboarding, expected one of {}", Step::ALL.map(Step::as_str).join(", "))]
pub struct NotAStep;

impl FromStr for Step {
    type Err = NotAStep;

    fn from_str(word: &str) -> Result<Self, NotAStep> {
        Self::ALL.into_iter().find(|step| step.as_str() == word).ok_or(NotAStep)
    }
}

/// Who attests a step, when, and on which document's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attestation {
    /// The person's name.
    pub by: Sealed<PersonName>,
    /// The day they did, not after today.
    pub on: NaiveDate,
    /// Where the document is to be found.
    pub document: String,
}

/// How a step was passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    /// What shows it: a report's digest, a webhook's id, a document.
    pub evidence: String,
    /// Who attests it, where a person does.
    pub attested_by: Option<Sealed<PersonName>>,
    /// The day they did.
    pub attested_on: Option<NaiveDate>,
}

/// A run of the certification that found nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// What was run: its name and version.
    pub kit: String,
    /// Against which address.
    pub api: String,
    /// SHA-256 of the signed report, in hex.
    pub digest: String,
    /// The key it was signed with.
    pub key_id: String,
    /// Which steps the run has shown besides.
    pub shown: Vec<Step>,
}
