//! Which tokens did a member's agreement bring? Sealed under the member's own key, one row for each
//! member, partner and scope.
//!
//! *Why a refresh is written down before it leaves*: a partner that rotates refresh tokens takes the
//! old one out of use when it answers. A process that dies in between leaves a mark, and whoever
//! finds it knows that the old token must not be used again. A row lock would be gone with the
//! process that held it, and would hold a transaction open for as long as the partner takes.
//!
//! *Guarantees*: of any number that want to refresh, one does; what it got is stored before anybody
//! uses it; a refresh that was begun and never ended is found, and is nobody's to repeat.
//!
//! Rows: P8, P9, C2, D2.

use chrono::{DateTime, Utc};
use domain::ids::{AccountId, MemberId, PartnerId};
use domain::sealed::Sealed;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::error::VaultError;
use super::sealing::{Place, Vault};

/// A refresh that was begun so long ago and never ended is not coming back, in seconds: no call
/// takes as long.
const ABANDONED_AFTER_SECONDS: i64 = 60;

/// Whose tokens, where, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantId {
    /// Whose.
    pub member: MemberId,
    /// Where.
    pub partner: PartnerId,
    /// For what, in the partner's words.
    pub scope: String,
}

/// The tokens themselves. Cannot be printed.
#[derive(Clone)]
pub struct MemberTokens {
    /// For calls.
    pub access: SecretString,
    /// For the next pair, where the partner gave one.
    pub refresh: Option<SecretString>,
    /// From when a new pair should be fetched.
    pub renew_at: DateTime<Utc>,
    /// Until when the access token is good.
    pub ends_at: DateTime<Utc>,
}

/// A grant as it stands.
pub enum Grant {
    /// Here are its tokens.
    Live {
        /// The link they serve.
        account: AccountId,
        /// The tokens.
        tokens: MemberTokens,
        /// Counts up with every refresh.
        version: i64,
        /// Somebody is fetching the next pair.
        is_being_refreshed: bool,
    },
    /// It is over, and the member has to agree once more.
    Lost {
        /// The link they served.
        account: AccountId,
        /// A code.
        why: String,
    },
}

/// Tokens as they rest.
#[derive(Serialize, Deserialize)]
struct AtRest {
    access: String,
    refresh: Option<String>,
}

enum Tokens {}

impl Vault {
    /// Keeps the tokens of a fresh agreement; answers the refresh token of the one before.
    ///
    /// # Errors
    /// When the store cannot be reached, or the member's key is gone.
    pub async fn keep_grant(
        &self,
        id: &GrantId,
        account: AccountId,
        tokens: &MemberTokens,
    ) -> Result<Option<SecretString>, VaultError> {
        let before = match self.grant(id).await {
            Ok(Some(Grant::Live { tokens, .. })) => tokens.refresh,
            Ok(_) | Err(VaultError::DoesNotOpen) => None,
            Err(error) => return Err(error),
        };
        let sealed = self.seal_tokens(id, account, tokens).await?;
        sqlx::query(
            "INSERT INTO member_tokens (member_id, partner_id, scope, account_id, sealed,
                                        renew_at, ends_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (member_id, partner_id, scope) DO UPDATE
                SET account_id = EXCLUDED.account_id, sealed = EXCLUDED.sealed,
                    renew_at = EXCLUDED.renew_at, ends_at = EXCLUDED.ends_at,
                    version = member_tokens.version + 1, refresh_begun_at = NULL,
                    refresh_by = NULL, lost_why = NULL",
        )
        .bind(id.member.0)
        .bind(id.partner.as_str())
        .bind(&id.scope)
        .bind(account.0)
        .bind(sealed)
        .bind(tokens.renew_at)
        .bind(tokens.ends_at)
        .execute(&self.pool)
        .await?;
        Ok(before)
    }

    /// How a grant stands; none, when the member has not agreed to any.
    ///
    /// # Errors
    /// When the store cannot be reached, or what it holds does not open.
    pub async fn grant(&self, id: &GrantId) -> Result<Option<Grant>, VaultError> {
        let row = sqlx::query(
            "SELECT account_id, sealed, renew_at, ends_at, version, lost_why,
                    refresh_begun_at IS NOT NULL,
                    refresh_begun_at < clock_timestamp() - $4 * interval '1 second'
               FROM member_tokens WHERE member_id = $1 AND partner_id = $2 AND scope = $3",
        )
        .bind(id.member.0)
        .bind(id.partner.as_str())
        .bind(&id.scope)
        .bind(ABANDONED_AFTER_SECONDS)
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let account = AccountId(row.get(0));
        if let Some(why) = row.get::<Option<String>, _>(5) {
            return Ok(Some(Grant::Lost { account, why }));
        }
        if row.get::<Option<bool>, _>(7) == Some(true) {
            let why = "refresh_abandoned";
            self.lose_grant(id, row.get(4), why).await?;
            return Ok(Some(Grant::Lost { account, why: why.to_owned() }));
        }
        let tokens = self.open_tokens(id, account, &row).await?;
        let (version, is_being_refreshed) = (row.get(4), row.get(6));
        Ok(Some(Grant::Live { account, tokens, version, is_being_refreshed }))
    }

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

    /// Destroys what is left of a link's grant.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn forget_grant(&self, id: &GrantId, account: AccountId) -> Result<(), VaultError> {
        sqlx::query(
            "DELETE FROM member_tokens
              WHERE member_id = $1 AND partner_id = $2 AND scope = $3 AND account_id = $4",
        )
        .bind(id.member.0)
        .bind(id.partner.as_str())
        .bind(&id.scope)
        .bind(account.0)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    async fn seal_tokens(
        &self,
        id: &GrantId,
        account: AccountId,
        tokens: &MemberTokens,
    ) -> Result<Vec<u8>, VaultError> {
        let at_rest = AtRest {
            access: tokens.access.expose_secret().to_owned(),
            refresh: tokens.refresh.as_ref().map(|token| token.expose_secret().to_owned()),
        };
        let clear = serde_json::to_string(&at_rest).map_err(|_| VaultError::DoesNotOpen)?;
        let account = account.to_string();
        let sealed: Sealed<Tokens> =
            self.seal(id.member, &place(id, &account), &SecretString::from(clear)).await?;
        Ok(sealed.ciphertext().to_vec())
    }

    async fn open_tokens(
        &self,
        id: &GrantId,
        account: AccountId,
        row: &PgRow,
    ) -> Result<MemberTokens, VaultError> {
        let sealed: Vec<u8> = row.get::<Option<_>, _>(1).ok_or(VaultError::DoesNotOpen)?;
        let sealed = Sealed::<Tokens>::from_ciphertext(sealed);
        let account = account.to_string();
        let clear = self.open_sealed(id.member, &place(id, &account), &sealed).await?;
        let at_rest: AtRest =
            serde_json::from_str(clear.expose_secret()).map_err(|_| VaultError::DoesNotOpen)?;
        Ok(MemberTokens {
            access: SecretString::from(at_rest.access),
            refresh: at_rest.refresh.map(SecretString::from),
            renew_at: row.get(2),
            ends_at: row.get(3),
        })
    }
}

/// A token opens for its member, partner, scope and link alone.
fn place<'a>(id: &'a GrantId, account: &'a str) -> Place<'a> {
    Place {
        stream: "keys.member_tokens",
        stream_id: account,
        event: id.partner.as_str(),
        field: &id.scope,
        attempt: 0,
    }
}
