//! Which keys does the program itself use? Random ones, made once for all instances, wrapped like
//! the members'.
//!
//! Rows: P9.

use sqlx::PgPool;

use super::cipher::{self, joined};
use super::error::VaultError;
use super::keyring::{Key, Keyring};
use super::member_keys::unwrap;

/// Keys for references, keyed hashes, what is kept for partners, and what signs our notices.
#[derive(Clone)]
pub(super) struct ProgramKeys {
    pub reference: Key,
    pub tag: Key,
    pub partner: Key,
    pub outgoing: Key,
}

/// How many they are.
#[cfg(test)]
pub(super) const PROGRAM_KEYS: u64 = 4;

impl ProgramKeys {
    /// Opens them, and makes them the first time.
    pub async fn open(pool: &PgPool, keyring: &Keyring) -> Result<Self, VaultError> {
        Ok(Self {
            reference: one(pool, keyring, "reference").await?,
            tag: one(pool, keyring, "tag").await?,
            partner: one(pool, keyring, "partner").await?,
            outgoing: one(pool, keyring, "outgoing").await?,
        })
    }
}

async fn one(pool: &PgPool, keyring: &Keyring, name: &str) -> Result<Key, VaultError> {
    let place = place(name);
    let kek = keyring.current();
    let fresh = cipher::seal(kek, &place, &Key::random().bytes[..]);
    sqlx::query(
        "INSERT INTO program_keys (name, wrapped_key, kek_id) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO NOTHING",
    )
    .bind(name)
    .bind(fresh)
    .bind(hex::encode(kek.id))
    .execute(pool)
    .await?;
    let wrapped: Vec<u8> =
        sqlx::query_scalar("SELECT wrapped_key FROM program_keys WHERE name = $1")
            .bind(name)
            .fetch_one(pool)
            .await?;
    unwrap(keyring, &place, &wrapped)
}

/// Where a wrapped key of the program belongs.
pub(super) fn place(name: &str) -> Vec<u8> {
    joined(&[b"keys.program_keys", b"wrapped_key", name.as_bytes()])
}
