//! Where do a partner's credentials and tokens rest? Here, sealed, one row each.
//!
//! Rows: P9.

use domain::ids::PartnerId;
use secrecy::{ExposeSecret, SecretString};
use sqlx::PgPool;

use super::error::VaultError;
use super::sealing::Vault;

impl Vault {
    /// Keeps a secret of a partner, replacing the one before.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn put_partner_secret(
        &self,
        partner: &PartnerId,
        name: &str,
        secret: &SecretString,
    ) -> Result<(), VaultError> {
        let place = format!("keys.partner_secrets/{name}");
        let sealed = self.seal_for_partner(partner, &place, secret.expose_secret().as_bytes());
        sqlx::query(
            "INSERT INTO partner_secrets (partner_id, name, sealed) VALUES ($1, $2, $3)
             ON CONFLICT (partner_id, name)
             DO UPDATE SET sealed = EXCLUDED.sealed, updated_at = clock_timestamp()",
        )
        .bind(partner.as_str())
        .bind(name)
        .bind(sealed)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// A secret of a partner, if one is kept.
    ///
    /// # Errors
    /// When the store cannot be reached, or what it holds does not open.
    pub async fn partner_secret(
        &self,
        partner: &PartnerId,
        name: &str,
    ) -> Result<Option<SecretString>, VaultError> {
        let sealed: Option<Vec<u8>> = sqlx::query_scalar(
            "SELECT sealed FROM partner_secrets WHERE partner_id = $1 AND name = $2",
        )
        .bind(partner.as_str())
        .bind(name)
        .fetch_optional(&self.pool)
        .await?;
        sealed.map(|sealed| self.open_partner_secret(partner, name, &sealed)).transpose()
    }

    /// Every partner's secret of this name, or why one of them does not open.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn partner_secrets_named(
        &self,
        name: &str,
    ) -> Result<Vec<(PartnerId, Result<SecretString, VaultError>)>, VaultError> {
        let rows: Vec<(String, Vec<u8>)> = sqlx::query_as(
            "SELECT partner_id, sealed FROM partner_secrets WHERE name = $1 ORDER BY partner_id",
        )
        .bind(name)
        .fetch_all(&self.pool)
        .await?;
        let opened = rows.into_iter().filter_map(|(partner, sealed)| {
            let partner: PartnerId = partner.parse().ok()?;
            let secret = self.open_partner_secret(&partner, name, &sealed);
            Some((partner, secret))
        });
        Ok(opened.collect())
    }

    /// Forgets a secret of a partner; answers whether there was one.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn forget_partner_secret(
        &self,
        partner: &PartnerId,
        name: &str,
    ) -> Result<bool, VaultError> {
        let gone = sqlx::query("DELETE FROM partner_secrets WHERE partner_id = $1 AND name = $2")
            .bind(partner.as_str())
            .bind(name)
            .execute(&self.pool)
            .await?;
        Ok(gone.rows_affected() > 0)
    }

    fn open_partner_secret(
        &self,
        partner: &PartnerId,
        name: &str,
        sealed: &[u8],
    ) -> Result<SecretString, VaultError> {
        let place = format!("keys.partner_secrets/{name}");
        let clear = self.open_for_partner(partner, &place, sealed)?;
        let text = String::from_utf8(clear).map_err(|_| VaultError::DoesNotOpen)?;
        Ok(SecretString::from(text))
    }
}

/// Whether any partner has a secret of this name; asked through `anchor_keys`' own pool.
///
/// # Errors
/// When the store cannot be reached.
pub async fn holds_partner_secret(keys: &PgPool, name: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM partner_secrets WHERE name = $1)")
        .bind(name)
        .fetch_one(keys)
        .await
}
