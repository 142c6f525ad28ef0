//! How is something sealed? AES-256-GCM with a fresh nonce, bound to the place it belongs to.
//!
//! Layout: format version (1), key id (4), nonce (12), body and tag. What it is bound to is given
//! again when it is opened; moved to another row, field or member it does not open.
//!
//! *Why no key wears out*: nonces of 96 random bits may seal 2^32 messages under one key before two
//! of them become likely enough to think of (one chance in 2^33). A member's key seals a handful of
//! fields a reward and a few of their own: a thousand in a long life. A key of the environment
//! wraps a key once for each member and change, and is replaced itself. The program's key for
//! partners seals a body for each webhook and a token now and then: at ten a second for thirteen
//! years it would come there.
//!
//! Rows: P9, C4.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use zeroize::Zeroizing;

use super::error::VaultError;
use super::keyring::{Key, KeyId, fill_by_chance};

const FORMAT: u8 = 1;
const HEADER: usize = 1 + 4 + 12;

/// Joins parts so that no two lists of parts read alike.
pub(super) fn joined(parts: &[&[u8]]) -> Vec<u8> {
    let mut joined = Vec::new();
    for part in parts {
        joined.extend_from_slice(&(part.len() as u64).to_be_bytes());
        joined.extend_from_slice(part);
    }
    joined
}

/// Seals `clear` under `key`, bound to `place`.
pub(super) fn seal(key: &Key, place: &[u8], clear: &[u8]) -> Vec<u8> {
    let mut nonce = [0_u8; 12];
    fill_by_chance(&mut nonce);
    let mut sealed = Vec::with_capacity(HEADER + clear.len() + 16);
    sealed.push(FORMAT);
    sealed.extend_from_slice(&key.id);
    sealed.extend_from_slice(&nonce);
    let aad = bound(&sealed[..5], place);
    let body = cipher(key)
        .encrypt(&Nonce::from(nonce), Payload { msg: clear, aad: &aad })
        .expect("AES-GCM seals anything below 64 GiB");
    sealed.extend_from_slice(&body);
    sealed
}

/// The id of the key that a ciphertext asks for.
pub(super) fn key_id(sealed: &[u8]) -> Result<KeyId, VaultError> {
    match sealed {
        [FORMAT, a, b, c, d, rest @ ..] if rest.len() >= HEADER - 5 => Ok([*a, *b, *c, *d]),
        _ => Err(VaultError::DoesNotOpen),
    }
}

/// Opens what was sealed under `key` for `place`.
pub(super) fn open(
    key: &Key,
    place: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    if key_id(sealed)? != key.id {
        return Err(VaultError::KeyMissing { id: hex::encode(key_id(sealed)?) });
    }
    let nonce: [u8; 12] = sealed[5..HEADER].try_into().map_err(|_| VaultError::DoesNotOpen)?;
    let aad = bound(&sealed[..5], place);
    let payload = Payload { msg: &sealed[HEADER..], aad: &aad };
    let clear = cipher(key).decrypt(&Nonce::from(nonce), payload);
    clear.map(Zeroizing::new).map_err(|_| VaultError::DoesNotOpen)
}

fn bound(header: &[u8], place: &[u8]) -> Vec<u8> {
    joined(&[header, place])
}

fn cipher(key: &Key) -> Aes256Gcm {
    Aes256Gcm::new_from_slice(&key.bytes[..]).expect("a key has 32 bytes")
}
