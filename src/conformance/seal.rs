//! Is this report the one that was written, and by whom? An Ed25519 signature over its exact bytes.
//!
//! # How to check one without Anchor
//!
//! A report file is JSON with five text fields. The bytes that were signed are the UTF-8 bytes of
//! the field `report`, once the JSON around it has been read: nothing has to be put in order or
//! formatted again. With `public_key` and `signature` from hexadecimal:
//!
//! ```text
//! Ed25519.verify(public_key, bytes of report, signature)
//! key_id == the first 8 hexadecimal digits of SHA-256(public_key)
//! ```
//!
//! `report` is JSON itself and begins with its `format`. Whoever has the file alone learns that it
//! is whole; to learn who wrote it, compare `public_key` with the one that the operator gave you.
//!
//! Rows: P7.

use std::fmt;

use domain::ids::PartnerId;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::report::{Report, Steps};

const ALGORITHM: &str = "Ed25519";

/// The operator's key for signing what others will rely on.
pub struct SealKey(SigningKey);

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealKey({})", self.key_id())
    }
}

impl SealKey {
    /// Reads a key: 64 hexadecimal characters.
    ///
    /// # Errors
    /// What to give instead.
    pub fn parse(text: &SecretString) -> Result<Self, &'static str> {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        hex::decode_to_slice(text.expose_secret().trim(), &mut bytes[..])
            .map_err(|_| "is not 64 hexadecimal characters")?;
        Ok(Self(SigningKey::from_bytes(&bytes)))
    }

    /// What others check signatures with, in hex.
    #[must_use]
    pub fn public_key(&self) -> String {
        hex::encode(self.0.verifying_key().as_bytes())
    }

    /// Its short name.
    #[must_use]
    pub fn key_id(&self) -> String {
        key_id(&self.0.verifying_key())
    }

    /// Signs a report.
    ///
    /// # Errors
    /// When the report cannot be written as JSON.
    pub fn sign(&self, report: &Report) -> Result<SignedReport, serde_json::Error> {
        let text = serde_json::to_string(report)?;
        let signature = self.0.sign(text.as_bytes());
        Ok(SignedReport {
            report: text,
            algorithm: ALGORITHM.to_owned(),
            key_id: self.key_id(),
            public_key: self.public_key(),
            signature: hex::encode(signature.to_bytes()),
        })
    }
}

fn key_id(key: &VerifyingKey) -> String {
    hex::encode(&Sha256::digest(key.as_bytes())[..4])
}

/// A report as it is kept and handed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedReport {
    /// The very text that was signed: a [`Report`] as JSON.
    pub report: String,
    /// `Ed25519`.
    pub algorithm: String,
    /// The key's short name.
    pub key_id: String,
    /// The key, in hex.
    pub public_key: String,
    /// The signature, in hex.
    pub signature: String,
}

/// Why a report is not to be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotGenuine {
    /// Ask for the file as it was written.
    #[error("this is not a signed report")]
    Unreadable,
    /// Somebody changed it, or put another key into it.
    #[error("the signature is not that of this report and key")]
    Changed,
    /// Ask the operator for the key that they sign with.
    #[error("the report was signed with another key than the one given")]
    AnotherKey,
}

impl SignedReport {
    /// Reads a report file and checks it; with a public key in hex also who wrote it.
    ///
    /// # Errors
    /// [`NotGenuine`].
    pub fn open(bytes: &[u8], expected_key: Option<&str>) -> Result<(Self, Report), NotGenuine> {
        let signed: Self = serde_json::from_slice(bytes).map_err(|_| NotGenuine::Unreadable)?;
        let key: [u8; 32] = from_hex(&signed.public_key)?;
        let key = VerifyingKey::from_bytes(&key).map_err(|_| NotGenuine::Changed)?;
        let signature = Signature::from_bytes(&from_hex::<64>(&signed.signature)?);
        if signed.algorithm != ALGORITHM || signed.key_id != key_id(&key) {
            return Err(NotGenuine::Changed);
        }
        key.verify_strict(signed.report.as_bytes(), &signature)
            .map_err(|_| NotGenuine::Changed)?;
        if expected_key.is_some_and(|one| !one.eq_ignore_ascii_case(&signed.public_key)) {
            return Err(NotGenuine::AnotherKey);
        }
        let report = serde_json::from_str(&signed.report).map_err(|_| NotGenuine::Unreadable)?;
        Ok((signed, report))
    }

    /// What is kept of it in the ledger.
    #[must_use]
    pub fn certificate(&self, report: &Report) -> Certificate {
        Certificate {
            partner: report.partner.clone(),
            api: report.api.clone(),
            kit: report.kit.clone(),
            digest: hex::encode(Sha256::digest(self.report.as_bytes())),
            key_id: self.key_id.clone(),
            passed: report.passed,
            steps: report.steps,
        }
    }
}

fn from_hex<const N: usize>(text: &str) -> Result<[u8; N], NotGenuine> {
    let bytes = hex::decode(text).map_err(|_| NotGenuine::Unreadable)?;
    bytes.try_into().map_err(|_| NotGenuine::Unreadable)
}

/// What a run came to, for whoever decides about going live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Certificate {
    /// Who was tried.
    pub partner: PartnerId,
    /// Where.
    pub api: String,
    /// By which kit.
    pub kit: String,
    /// SHA-256 of the signed bytes, in hex.
    pub digest: String,
    /// Which key signed them.
    pub key_id: String,
    /// Whether every promise was tried and kept.
    pub passed: bool,
    /// What it showed of an onboarding.
    pub steps: Steps,
}
