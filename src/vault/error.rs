//! Why can something not be sealed or opened? Never with a word of what it holds.

/// Why the keys of the environment are not usable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// Give 64 hexadecimal characters; `anchor keys generate` makes them.
    #[error("a key is 64 hexadecimal characters")]
    NotAKey,
}

/// Why the vault did not seal or open.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// Bring the key back as ENCRYPTION_KEY or in ENCRYPTION_KEY_PREVIOUS.
    #[error("the key {id} is missing: give it as ENCRYPTION_KEY or in ENCRYPTION_KEY_PREVIOUS")]
    KeyMissing {
        /// The first eight hexadecimal digits of the key's SHA-256.
        id: String,
    },
    /// The member asked to be forgotten.
    #[error("this member's key has been destroyed")]
    KeyDestroyed,
    /// The ciphertext was changed, or belongs somewhere else.
    #[error("the ciphertext does not belong here")]
    DoesNotOpen,
    /// The key store could not be asked; try again.
    #[error("the key store could not be reached")]
    Unreachable(#[from] sqlx::Error),
}
