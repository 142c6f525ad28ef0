//! What happened to a partner. The stream's id is the partner's.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::product::Product;
use crate::money::{Amount, Currency};
use crate::reward::FundingModel;
use crate::sealed::{PersonName, Sealed};

/// Of which kind a partner is (P1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartnerType {
    /// Groceries and shops.
    Retail,
    /// Energy and phone.
    Utility,
    /// Public transport cards and fuel.
    Transport,
    /// Help by people; no money moves.
    Support,
}

/// What the catalogue says of a partner, as far as anybody but the program itself needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartnerDetails {
    /// What people call it.
    pub name: String,
    /// Its kind.
    pub partner_type: PartnerType,
    /// The protocol it speaks.
    pub protocol: String,
    /// What it can do, in the words of the public interface.
    pub capabilities: Vec<String>,
    /// What can be ordered.
    pub products: Vec<Product>,
    /// Who pays for what it issues; none where no money moves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub funding_model: Option<FundingModel>,
    /// The zone of its business dates.
    pub time_zone: chrono_tz::Tz,
    /// A web page for members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web: Option<String>,
    /// A telephone number for members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// The catalogue has a partner that the ledger did not know (P6).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartnerRegistered {
    /// What the catalogue says.
    #[serde(flatten)]
    pub details: PartnerDetails,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// The catalogue says something else than before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartnerDetailsChanged {
    /// What the catalogue says now.
    #[serde(flatten)]
    pub details: PartnerDetails,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// One item of the onboarding checklist is done (P7).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OnboardingStepPassed {
    /// Which item.
    pub step: String,
    /// What shows it: a report's digest, a webhook's id, a document.
    pub evidence: String,
    /// Who attests it, where a person does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attested_by: Option<Sealed<PersonName>>,
    /// The day they did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attested_on: Option<NaiveDate>,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// It kept every promise of the published protocol (P7).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartnerCertified {
    /// What was run: its name and version.
    pub kit: String,
    /// Against which address.
    pub api: String,
    /// SHA-256 of the signed report, in hex.
    pub digest: String,
    /// The key it was signed with.
    pub key_id: String,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// How it is reached was given, or taken back, on the command line. The credentials themselves are
/// nowhere but in the vault.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartnerCredentialsChanged {
    /// The address of its API; none when the credentials were taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// Value may be issued through it from here on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartnerActivated {
    /// A code, such as `loopback_api` for a sandbox or `onboarded`.
    pub why: String,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// Nothing is issued through it for now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartnerSuspended {
    /// A code.
    pub why: String,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// Nothing is issued through it any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartnerDeactivated {
    /// A code.
    pub why: String,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// The partner says that our float with it runs low.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FloatLowReported {
    /// What is left.
    pub balance: Amount,
    /// Below what it warns.
    pub threshold: Amount,
    /// Of what.
    pub currency: Currency,
    /// When, by the partner's word.
    pub occurred_at: DateTime<Utc>,
}

crate::event::events! {
    /// Events of a partner.
    PartnerEvent of "partner" {
        PartnerRegistered "1.0",
        PartnerDetailsChanged "1.0",
        OnboardingStepPassed "1.0",
        PartnerCertified "1.0",
        PartnerCredentialsChanged "1.0",
        PartnerActivated "1.0",
        PartnerSuspended "1.0",
        PartnerDeactivated "1.0",
        FloatLowReported "1.0",
    }
}
