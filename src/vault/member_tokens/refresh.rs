//! Who fetches the next pair of tokens, and what becomes of a grant whose next pair never came?
//!
//! Rows: P8, D2. Cases: C18.

use domain::ids::{AccountId, MemberId};
use sqlx::Row;
use uuid::Uuid;

use super::{ABANDONED_AFTER_SECONDS, GrantId, MemberTokens};
use crate::vault::{Vault, VaultError};

impl Vault {
    /// Writes down that the pair of this version is being refreshed; answers whether it is ours to
    /// do. If not, somebody else is at it or has done it.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn begin_refresh(
        &self,
        id: &GrantId,
        version: i64,
        by: Uuid,
    ) -> Result<bool, VaultError> {
        let begun = sqlx::query(
            "UPDATE member_tokens SET refresh_begun_at = clock_timestamp(), refresh_by = $5
              WHERE member_id = $1 AND partner_id = $2 AND scope = $3 AND version = $4
                AND refresh_begun_at IS NULL AND lost_why IS NULL",
        )
        .bind(id.member.0)
        .bind(id.partner.as_str())
        .bind(&id.scope)
        .bind(version)
        .bind(by)
        .execute(&self.pool)
        .await?;
        Ok(begun.rows_affected() == 1)
    }

    /// Stores the next pair, before anybody uses it; answers whether the refresh was still ours.
    ///
    /// # Errors
    /// When the store cannot be reached: the refresh is abandoned then, and will be found.
    pub async fn end_refresh(
        &self,
        id: &GrantId,
        account: AccountId,
        (by, next): (Uuid, &MemberTokens),
    ) -> Result<bool, VaultError> {
        let sealed = self.seal_tokens(id, account, next).await?;
        let ended = sqlx::query(
            "UPDATE member_tokens SET sealed = $5, renew_at = $6, ends_at = $7,
                    version = version + 1, refresh_begun_at = NULL, refresh_by = NULL
              WHERE member_id = $1 AND partner_id = $2 AND scope = $3 AND refresh_by = $4",
        )
        .bind(id.member.0)
        .bind(id.partner.as_str())
        .bind(&id.scope)
        .bind(by)
        .bind(sealed)
        .bind(next.renew_at)
        .bind(next.ends_at)
        .execute(&self.pool)
        .await?;
        Ok(ended.rows_affected() == 1)
    }

    /// The refresh never left: anybody may begin it again.
    ///
    /// # Errors
    /// When the store cannot be reached: the refresh is abandoned then, and will be found.
    pub async fn drop_refresh(&self, id: &GrantId, by: Uuid) -> Result<(), VaultError> {
        sqlx::query(
            "UPDATE member_tokens SET refresh_begun_at = NULL, refresh_by = NULL
              WHERE member_id = $1 AND partner_id = $2 AND scope = $3 AND refresh_by = $4",
        )
        .bind(id.member.0)
        .bind(id.partner.as_str())
        .bind(&id.scope)
        .bind(by)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The pair of this version is not to be used any more: its tokens are destroyed, and that it
    /// was lost stays on record until it has been acted on.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn lose_grant(
        &self,
        id: &GrantId,
        version: i64,
        why: &str,
    ) -> Result<(), VaultError> {
        sqlx::query(
            "UPDATE member_tokens SET sealed = NULL, lost_why = $5, refresh_begun_at = NULL,
                    refresh_by = NULL, version = version + 1
              WHERE member_id = $1 AND partner_id = $2 AND scope = $3 AND version = $4",
        )
        .bind(id.member.0)
        .bind(id.partner.as_str())
        .bind(&id.scope)
        .bind(version)
        .bind(why)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Grants that are lost, and were not acted on yet; also those whose refresh was abandoned.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn lost_grants(&self, limit: i64) -> Result<Vec<(GrantId, AccountId)>, VaultError> {
        let rows = sqlx::query(
            "SELECT member_id, partner_id, scope, account_id FROM member_tokens
              WHERE lost_why IS NOT NULL
                 OR refresh_begun_at < clock_timestamp() - $1 * interval '1 second' LIMIT $2",
        )
        .bind(ABANDONED_AFTER_SECONDS)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        let lost = rows.iter().map(|row| {
            let partner: String = row.get(1);
            let partner = partner.parse().map_err(|_| VaultError::DoesNotOpen)?;
            let id = GrantId { member: MemberId(row.get(0)), partner, scope: row.get(2) };
            Ok((id, AccountId(row.get(3))))
        });
        lost.collect()
    }

    /// Takes a lost grant off the list, unless a fresh one has taken its place; answers whether it
    /// was ours to take.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn take_lost(&self, id: &GrantId, version: i64) -> Result<bool, VaultError> {
        let taken = sqlx::query(
            "DELETE FROM member_tokens
              WHERE member_id = $1 AND partner_id = $2 AND scope = $3 AND version = $4
                AND lost_why IS NOT NULL",
        )
        .bind(id.member.0)
        .bind(id.partner.as_str())
        .bind(&id.scope)
        .bind(version)
        .execute(&self.pool)
        .await?;
        Ok(taken.rows_affected() == 1)
    }
}
