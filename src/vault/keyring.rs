//! Which keys does the environment give? The present one wraps; earlier ones still open.
//!
//! Rows: P9.

use std::fmt;
use std::sync::Arc;

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
        use rand::Rng;
        let mut bytes = Zeroizing::new([0_u8; 32]);
        rand::rng().fill_bytes(&mut bytes[..]);
        Self::new(bytes)
    }
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
