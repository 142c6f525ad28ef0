//! Which keys does the environment give? The present one wraps; earlier ones still open.
//!
//! *Where chance comes from*: keys and nonces are asked of the operating system each time. A
//! generator inside the program would be quicker, and its state would be copied with the process
//! or the machine: two copies would then give the same nonce under the same key.
//!
//! Rows: P9.

use std::fmt;
use std::sync::Arc;

use rand::TryRng;
use rand::rngs::SysRng;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::error::{KeyringError, VaultError};

/// A key's name: the first four bytes of its SHA-256.
pub type KeyId = [u8; 4];

/// A 256-bit key that is wiped when dropped and cannot be printed.
#[derive(Clone)]
pub(super) struct Key {
    pub id: KeyId,
    pub bytes: Zeroizing<[u8; 32]>,
}

impl Key {
    pub fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        let digest = Sha256::digest(&bytes[..]);
        let id = [digest[0], digest[1], digest[2], digest[3]];
        Self { id, bytes }
    }

    pub fn random() -> Self {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        fill_by_chance(&mut bytes[..]);
        Self::new(bytes)
    }
}

/// Fills `bytes` with what nobody can foresee and no copy of this process has.
pub(super) fn fill_by_chance(bytes: &mut [u8]) {
    SysRng.try_fill_bytes(bytes).expect("the operating system gives random bytes");
}

/// A fresh key as it is written into the environment: 64 hexadecimal characters.
#[must_use]
pub fn generate() -> SecretString {
    SecretString::from(hex::encode(&Key::random().bytes[..]))
}

/// Where a key is known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// ENCRYPTION_KEY: it wraps.
    Present,
    /// ENCRYPTION_KEY_PREVIOUS: it opens.
    Previous,
    /// Nowhere: what it wraps cannot be read.
    NotGiven,
}

/// The keys that wrap every other key.
#[derive(Clone)]
pub struct Keyring {
    keys: Arc<Vec<Key>>,
}

impl Keyring {
    /// Reads the present key and the earlier ones.
    ///
    /// # Errors
    /// [`KeyringError::NotAKey`].
    pub fn parse(current: &SecretString, previous: &[SecretString]) -> Result<Self, KeyringError> {
        let keys = std::iter::once(current).chain(previous).map(parse_key);
        Ok(Self { keys: Arc::new(keys.collect::<Result<_, _>>()?) })
    }

    /// Where the key of this id is known from.
    #[must_use]
    pub fn knows(&self, id: &str) -> Known {
        match self.keys.iter().position(|key| hex::encode(key.id) == id) {
            Some(0) => Known::Present,
            Some(_) => Known::Previous,
            None => Known::NotGiven,
        }
    }

    /// The ids of all of them, the present one first.
    pub fn ids(&self) -> impl Iterator<Item = String> {
        self.keys.iter().map(|key| hex::encode(key.id))
    }

    pub(super) fn current(&self) -> &Key {
        &self.keys[0]
    }

    pub(super) fn find(&self, id: KeyId) -> Result<&Key, VaultError> {
        let found = self.keys.iter().find(|key| key.id == id);
        found.ok_or_else(|| VaultError::KeyMissing { id: hex::encode(id) })
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring({} keys)", self.keys.len())
    }
}

fn parse_key(text: &SecretString) -> Result<Key, KeyringError> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    hex::decode_to_slice(text.expose_secret().trim(), &mut bytes[..])
        .map_err(|_| KeyringError::NotAKey)?;
    Ok(Key::new(bytes))
}
