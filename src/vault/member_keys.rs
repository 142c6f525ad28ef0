//! Which key is this member's? Made at first use, once, however many ask at the same time.
//!
//! Kept in memory for five minutes at most, so that a destroyed key is soon forgotten here too.
//!
//! Rows: C2.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::ids::MemberId;
use sqlx::{PgPool, Row};
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::cipher::{self, joined};
use super::error::VaultError;
use super::keyring::{Key, Keyring};

const REMEMBERED_FOR: Duration = Duration::from_secs(300);
const MOST_REMEMBERED: usize = 10_000;

/// Members' keys.
#[derive(Clone)]
pub(super) struct MemberKeys {
    pool: PgPool,
    keyring: Keyring,
    remembered: Arc<Mutex<HashMap<MemberId, (Instant, Key)>>>,
}

impl MemberKeys {
    pub fn new(pool: PgPool, keyring: Keyring) -> Self {
        Self { pool, keyring, remembered: Arc::default() }
    }

    /// The member's key; a new one when there is none.
    pub async fn get_or_make(&self, member: MemberId) -> Result<Key, VaultError> {
        if let Some(key) = self.recall(member).await {
            return Ok(key);
        }
        let fresh = Key::random();
        let kek = self.keyring.current();
        let wrapped = cipher::seal(kek, &place(member), &fresh.bytes[..]);
        sqlx::query(
            "INSERT INTO member_keys (member_id, key_id, wrapped_key, kek_id)
             VALUES ($1, $2, $3, $4) ON CONFLICT (member_id) DO NOTHING",
        )
        .bind(member.0)
        .bind(hex::encode(fresh.id))
        .bind(wrapped)
        .bind(hex::encode(kek.id))
        .execute(&self.pool)
        .await?;
        self.get(member).await
    }

    /// The member's key, which must be there.
    pub async fn get(&self, member: MemberId) -> Result<Key, VaultError> {
        if let Some(key) = self.recall(member).await {
            return Ok(key);
        }
        let row = sqlx::query("SELECT wrapped_key FROM member_keys WHERE member_id = $1")
            .bind(member.0)
            .fetch_optional(&self.pool)
            .await?;
        let wrapped: Option<Vec<u8>> = row.ok_or(VaultError::DoesNotOpen)?.get(0);
        let wrapped = wrapped.ok_or(VaultError::KeyDestroyed)?;
        let key = unwrap(&self.keyring, &place(member), &wrapped)?;
        self.remember(member, &key).await;
        Ok(key)
    }

    async fn recall(&self, member: MemberId) -> Option<Key> {
        let remembered = self.remembered.lock().await;
        let (since, key) = remembered.get(&member)?;
        (since.elapsed() < REMEMBERED_FOR).then(|| key.clone())
    }

    async fn remember(&self, member: MemberId, key: &Key) {
        let mut remembered = self.remembered.lock().await;
        if remembered.len() >= MOST_REMEMBERED {
            remembered.retain(|_, (since, _)| since.elapsed() < REMEMBERED_FOR);
        }
        if remembered.len() < MOST_REMEMBERED {
            remembered.insert(member, (Instant::now(), key.clone()));
        }
    }
}

/// Opens a wrapped key with whichever key of the environment wrapped it.
pub(super) fn unwrap(keyring: &Keyring, place: &[u8], wrapped: &[u8]) -> Result<Key, VaultError> {
    let kek = keyring.find(cipher::key_id(wrapped)?)?;
    let clear = cipher::open(kek, place, wrapped)?;
    let bytes: [u8; 32] = clear[..].try_into().map_err(|_| VaultError::DoesNotOpen)?;
    Ok(Key::new(Zeroizing::new(bytes)))
}

/// Where a member's wrapped key belongs.
pub(super) fn place(member: MemberId) -> Vec<u8> {
    joined(&[b"keys.member_keys", b"wrapped_key", member.0.as_bytes()])
}
