//! What do we sign our own notices with? A secret per receiver, sealed; for a while after it was
//! changed, the one before as well.
//!
//! Rows: U4, P9, W2.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Duration, Utc};
use secrecy::{ExposeSecret, SecretString};
use sqlx::Row;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::cipher::{self, joined};
use super::error::VaultError;
use super::keyring::fill_by_chance;
use super::sealing::Vault;

/// The most that sign at once: verifiers look at a few signatures, not at any number.
const MOST_LIVE: i64 = 4;

impl Vault {
    /// Makes a receiver's new secret, and gives it this once; those before it sign for `overlap`
    /// more, unless they end sooner.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn make_outgoing_secret(
        &self,
        endpoint: Uuid,
        now: DateTime<Utc>,
        overlap: Duration,
    ) -> Result<SecretString, VaultError> {
        let id = Uuid::now_v7();
        let secret = fresh();
        let clear = secret.expose_secret().as_bytes();
        let sealed = cipher::seal(self.outgoing_key(), &place(endpoint, id), clear);
        // One statement: there is never a moment without a secret. The new row is not among those
        // that it sees.
        sqlx::query(
            "WITH over AS (
               DELETE FROM outgoing_secrets WHERE endpoint_id = $1 AND ends_at <= $4
             ), before AS (
               UPDATE outgoing_secrets SET ends_at = least(ends_at, $5)
                WHERE endpoint_id = $1 AND (ends_at IS NULL OR ends_at > $4)
             )
             INSERT INTO outgoing_secrets (endpoint_id, id, sealed, made_at)
             VALUES ($1, $2, $3, $4)",
        )
        .bind(endpoint)
        .bind(id)
        .bind(sealed)
        .bind(now)
        .bind(now + overlap)
        .execute(&self.pool)
        .await?;
        Ok(secret)
    }

    /// What signs for a receiver now, the newest first.
    ///
    /// # Errors
    /// When the store cannot be reached, or what it holds does not open.
    pub async fn outgoing_secrets(
        &self,
        endpoint: Uuid,
        now: DateTime<Utc>,
    ) -> Result<Vec<SecretString>, VaultError> {
        let rows = sqlx::query(
            "SELECT id, sealed FROM outgoing_secrets
              WHERE endpoint_id = $1 AND (ends_at IS NULL OR ends_at > $2)
              ORDER BY made_at DESC, id DESC LIMIT $3",
        )
        .bind(endpoint)
        .bind(now)
        .bind(MOST_LIVE)
        .fetch_all(&self.pool)
        .await?;
        let open = |row: &sqlx::postgres::PgRow| {
            let (id, sealed): (Uuid, Vec<u8>) = (row.try_get(0)?, row.try_get(1)?);
            let clear = cipher::open(self.outgoing_key(), &place(endpoint, id), &sealed)?;
            let text = std::str::from_utf8(&clear).map_err(|_| VaultError::DoesNotOpen)?;
            Ok(SecretString::from(text.to_owned()))
        };
        rows.iter().map(open).collect()
    }

    /// Forgets all secrets of a receiver that is told nothing any more.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn forget_outgoing_secrets(&self, endpoint: Uuid) -> Result<(), VaultError> {
        sqlx::query("DELETE FROM outgoing_secrets WHERE endpoint_id = $1")
            .bind(endpoint)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

/// 32 random bytes, written as receivers expect it.
fn fresh() -> SecretString {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    fill_by_chance(&mut bytes[..]);
    SecretString::from(format!("whsec_{}", STANDARD.encode(&bytes[..])))
}

fn place(endpoint: Uuid, id: Uuid) -> Vec<u8> {
    joined(&[b"keys.outgoing_secrets", b"sealed", endpoint.as_bytes(), id.as_bytes()])
}
