//! What does the rest of the program ask of the vault? Seal, open, tag, and name without telling.
//!
//! Rows: P9, C2, C4, R5.

use std::fmt;

use domain::ids::{MemberId, PartnerId, RewardId};
use domain::sealed::Sealed;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use sqlx::PgPool;

use super::cipher::{self, joined};
use super::error::VaultError;
use super::keyring::{Key, Keyring, Known};
use super::member_keys::MemberKeys;
use super::program_keys::ProgramKeys;
use super::rotation;

/// Where a sealed field belongs: it opens nowhere else.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The stream's kind, such as `reward`.
    pub stream: &'a str,
    /// The stream's id.
    pub stream_id: &'a str,
    /// The event's name.
    pub event: &'a str,
    /// The field's name.
    pub field: &'a str,
    /// Which attempt, where there is one; else 0.
    pub attempt: u32,
}

/// Seals and opens.
#[derive(Clone)]
pub struct Vault {
    pub(super) pool: PgPool,
    members: MemberKeys,
    program: ProgramKeys,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(..)")
    }
}

impl Vault {
    /// Opens the vault with the keys of the environment.
    ///
    /// # Errors
    /// [`VaultError::KeyMissing`] names the key that wrapped what is stored and was not given.
    pub async fn open(pool: PgPool, keyring: Keyring) -> Result<Self, VaultError> {
        for stored in rotation::stored(&pool).await? {
            if keyring.knows(&stored.id) == Known::NotGiven {
                return Err(VaultError::KeyMissing { id: stored.id });
            }
        }
        let program = ProgramKeys::open(&pool, &keyring).await?;
        let members = MemberKeys::new(pool.clone(), keyring);
        Ok(Self { pool, members, program })
    }

    /// Seals a field under the member's key, for this place alone.
    ///
    /// # Errors
    /// [`VaultError`], when the member's key is gone or cannot be reached.
    pub async fn seal<T>(
        &self,
        member: MemberId,
        place: &Place<'_>,
        clear: &SecretString,
    ) -> Result<Sealed<T>, VaultError> {
        let key = self.members.get_or_make(member).await?;
        let sealed = cipher::seal(&key, &bound(member, place), clear.expose_secret().as_bytes());
        Ok(Sealed::from_ciphertext(sealed))
    }

    /// Opens a field that was sealed for this member and place.
    ///
    /// # Errors
    /// [`VaultError::DoesNotOpen`] for any other place; [`VaultError::KeyDestroyed`] after erasure.
    pub async fn open_sealed<T>(
        &self,
        member: MemberId,
        place: &Place<'_>,
        sealed: &Sealed<T>,
    ) -> Result<SecretString, VaultError> {
        let key = self.members.get(member).await?;
        let clear = cipher::open(&key, &bound(member, place), sealed.ciphertext())?;
        let text = std::str::from_utf8(&clear).map_err(|_| VaultError::DoesNotOpen)?;
        Ok(SecretString::from(text.to_owned()))
    }

    /// A keyed hash of something at a partner: equal for equal, and nothing can be read from it.
    #[must_use]
    pub fn partner_tag(&self, partner: &PartnerId, what: &str, clear: &SecretString) -> String {
        let parts =
            [partner.as_str().as_bytes(), what.as_bytes(), clear.expose_secret().as_bytes()];
        hex::encode(hmac(&self.program.tag, &joined(&parts)))
    }

    /// A keyed hash of something of a member's, under a key derived from the member's own.
    ///
    /// # Errors
    /// [`VaultError`], when the member's key is gone or cannot be reached.
    pub async fn member_tag(
        &self,
        member: MemberId,
        what: &str,
        clear: &SecretString,
    ) -> Result<String, VaultError> {
        let key = self.members.get_or_make(member).await?;
        let parts = [b"member_tag", what.as_bytes(), clear.expose_secret().as_bytes()];
        Ok(hex::encode(hmac(&key, &joined(&parts))))
    }

    /// Seals bytes that concern a partner, such as a webhook's body.
    #[must_use]
    pub fn seal_for_partner(&self, partner: &PartnerId, place: &str, clear: &[u8]) -> Vec<u8> {
        cipher::seal(&self.program.partner, &of_partner(partner, place), clear)
    }

    /// Opens what was sealed for this partner and place.
    ///
    /// # Errors
    /// [`VaultError::DoesNotOpen`] for any other place.
    pub fn open_for_partner(
        &self,
        partner: &PartnerId,
        place: &str,
        sealed: &[u8],
    ) -> Result<Vec<u8>, VaultError> {
        let opened = cipher::open(&self.program.partner, &of_partner(partner, place), sealed)?;
        Ok(opened.to_vec())
    }

    /// What the secrets of outgoing webhooks are sealed with.
    pub(super) fn outgoing_key(&self) -> &Key {
        &self.program.outgoing
    }

    /// What a partner calls an order of ours: sixteen characters that say nothing, different at
    /// each partner and in each round.
    #[must_use]
    pub fn reference(&self, reward: RewardId, partner: &PartnerId, round: u32) -> String {
        let parts =
            [reward.0.as_bytes().as_slice(), partner.as_str().as_bytes(), &round.to_be_bytes()];
        base32(&hmac(&self.program.reference, &joined(&parts))[..10])
    }
}

fn bound(member: MemberId, place: &Place<'_>) -> Vec<u8> {
    joined(&[
        member.0.as_bytes(),
        place.stream.as_bytes(),
        place.stream_id.as_bytes(),
        place.event.as_bytes(),
        place.field.as_bytes(),
        &place.attempt.to_be_bytes(),
    ])
}

fn of_partner(partner: &PartnerId, place: &str) -> Vec<u8> {
    joined(&[b"partner", partner.as_str().as_bytes(), place.as_bytes()])
}

fn hmac(key: &Key, message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key.bytes[..]).expect("any length is a key");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// Eighty bits as sixteen characters of A–Z and 2–7.
fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
    let bits: Vec<u8> = bits.collect();
    bits.chunks(5)
        .map(|five| five.iter().fold(0_u8, |value, bit| value << 1 | bit))
        .map(|value| char::from(ALPHABET[usize::from(value)]))
        .collect()
}
