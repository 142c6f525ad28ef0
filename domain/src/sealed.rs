//! How can an event hold a voucher code that nobody can read in the log? As ciphertext with a type.
//!
//! A [`Sealed<T>`] is made and opened outside this crate, by the vault, under the member's own key.
//! Here it is opaque: it can be stored, compared and moved on, and its `Debug` shows nothing. The
//! type parameter says what is inside, so that a PIN cannot take a code's place.
//!
//! *Why a type of its own*: whatever writes events, ours or a stock repository, can then only ever
//! write ciphertext. Destroying the member's key makes every copy unreadable, in events too.
//!
//! Rows: C2, C4, P9.

use std::fmt;
use std::marker::PhantomData;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// Ciphertext of a `T`: format version, key id, nonce, body and tag, as the vault made it.
#[derive(Serialize, Deserialize)]
#[serde(try_from = "String", into = "String", bound = "")]
pub struct Sealed<T> {
    bytes: Vec<u8>,
    what: PhantomData<fn() -> T>,
}

impl<T> Sealed<T> {
    /// Wraps what the vault has encrypted.
    #[must_use]
    pub fn from_ciphertext(bytes: Vec<u8>) -> Self {
        Self { bytes, what: PhantomData }
    }

    /// What the vault needs to open it.
    #[must_use]
    pub fn ciphertext(&self) -> &[u8] {
        &self.bytes
    }
}

impl<T> Clone for Sealed<T> {
    fn clone(&self) -> Self {
        Self::from_ciphertext(self.bytes.clone())
    }
}

impl<T> PartialEq for Sealed<T> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl<T> Eq for Sealed<T> {}

impl<T> fmt::Debug for Sealed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(..)")
    }
}

impl<T> TryFrom<String> for Sealed<T> {
    type Error = NotSealed;
    fn try_from(text: String) -> Result<Self, NotSealed> {
        STANDARD.decode(text).map(Self::from_ciphertext).map_err(|_| NotSealed)
    }
}

impl<T> From<Sealed<T>> for String {
    fn from(sealed: Sealed<T>) -> Self {
        STANDARD.encode(sealed.bytes)
    }
}

/// A stored field that is not base64. Its text is not repeated here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed field is base64 text")]
pub struct NotSealed;

/// The code that is spent at a till.
#[derive(Debug)]
pub enum VoucherCode {}
/// The PIN that goes with a voucher code.
#[derive(Debug)]
pub enum VoucherPin {}
/// What the till's scanner reads.
#[derive(Debug)]
pub enum VoucherBarcode {}
/// A member's account or card number at a partner.
#[derive(Debug)]
pub enum AccountNumber {}
/// The code with which a member shows that an account is theirs.
#[derive(Debug)]
pub enum SecurityCode {}
/// A member's e-mail address.
#[derive(Debug)]
pub enum Email {}
/// A member's name.
#[derive(Debug)]
pub enum PersonName {}
