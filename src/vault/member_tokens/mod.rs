//! Which tokens did a member's agreement bring? Sealed under the member's own key, one row for each
//! member, partner and scope.
//!
//! *Why a refresh is written down before it leaves*: a partner that rotates refresh tokens takes
//! the old one out of use when it answers. A process that dies in between leaves a mark, and
//! whoever finds it knows that the old token must not be used again. A row lock would be gone with
//! the process that held it, and would hold a transaction open for as long as the partner takes.
//!
//! *Guarantees*: of any number that want to refresh, one does; what it got is stored before anybody
//! uses it; a refresh that was begun and never ended is found, and is nobody's to repeat.
//!
//! - [`refresh`]: the mark, the next pair, and grants that are lost
//!
//! Rows: P8, P9, C2, D2.

mod refresh;

use chrono::{DateTime, Utc};
use domain::ids::{AccountId, MemberId, PartnerId};
use domain::sealed::Sealed;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sqlx::Row;

use super::{Place, Vault, VaultError};

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
        /// The tokens.
        tokens: MemberTokens,
        /// Counts up with every refresh.
        version: i64,
        /// Somebody is fetching the next pair.
        is_being_refreshed: bool,
    },
    /// It is over, and the member has to agree once more.
    Lost {
        /// A code.
        why: String,
        /// Counts up with every change.
        version: i64,
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
    /// Keeps the tokens of a fresh agreement; answers the refresh tokens of those before, of this
    /// scope and of this link.
    ///
    /// # Errors
    /// When the store cannot be reached, or the member's key is gone.
    pub async fn keep_grant(
        &self,
        id: &GrantId,
        account: AccountId,
        tokens: &MemberTokens,
    ) -> Result<Vec<SecretString>, VaultError> {
        let sealed = self.seal_tokens(id, account, tokens).await?;
        let mut before = self.take_other_scopes(id, account).await?;
        loop {
            if self.insert_grant(id, account, (&sealed, tokens)).await? {
                return Ok(before);
            }
            let Some((of, sealed)) = self.replace_grant(id, account, (&sealed, tokens)).await?
            else {
                // Forgotten in between.
                continue;
            };
            if let Some(sealed) = sealed {
                // What does not open is nobody's to give back.
                let opened = self.open_tokens(id, of, &sealed).await.ok();
                before.extend(opened.and_then(|(_, refresh)| refresh));
            }
            return Ok(before);
        }
    }

    /// A partner may ask for another scope than when this link was made: one grant serves a link.
    async fn take_other_scopes(
        &self,
        id: &GrantId,
        account: AccountId,
    ) -> Result<Vec<SecretString>, VaultError> {
        let rows: Vec<(String, Option<Vec<u8>>)> = sqlx::query_as(
            "DELETE FROM member_tokens
              WHERE member_id = $1 AND partner_id = $2 AND account_id = $3 AND scope <> $4
          RETURNING scope, sealed",
        )
        .bind(id.member.0)
        .bind(id.partner.as_str())
        .bind(account.0)
        .bind(&id.scope)
        .fetch_all(&self.pool)
        .await?;
        let mut taken = Vec::new();
        for (scope, sealed) in rows {
            let of = GrantId { scope, ..id.clone() };
            let Some(sealed) = sealed else { continue };
            let opened = self.open_tokens(&of, account, &sealed).await.ok();
            taken.extend(opened.and_then(|(_, refresh)| refresh));
        }
        Ok(taken)
    }

    async fn insert_grant(
        &self,
        id: &GrantId,
        account: AccountId,
        (sealed, tokens): (&[u8], &MemberTokens),
    ) -> Result<bool, VaultError> {
        let inserted = sqlx::query(
            "INSERT INTO member_tokens (member_id, partner_id, scope, account_id, sealed,
                                        renew_at, ends_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (member_id, partner_id, scope) DO NOTHING",
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
        Ok(inserted.rows_affected() == 1)
    }

    /// Takes the place of the grant that is there; answers which link that served, and its tokens.
    async fn replace_grant(
        &self,
        id: &GrantId,
        account: AccountId,
        (sealed, tokens): (&[u8], &MemberTokens),
    ) -> Result<Option<(AccountId, Option<Vec<u8>>)>, VaultError> {
        let before = sqlx::query(
            "UPDATE member_tokens t SET account_id = $4, sealed = $5, renew_at = $6, ends_at = $7,
                    version = t.version + 1, refresh_begun_at = NULL, refresh_by = NULL,
                    lost_why = NULL
               FROM (SELECT account_id, sealed FROM member_tokens
                      WHERE member_id = $1 AND partner_id = $2 AND scope = $3 FOR UPDATE) before
              WHERE t.member_id = $1 AND t.partner_id = $2 AND t.scope = $3
          RETURNING before.account_id, before.sealed",
        )
        .bind(id.member.0)
        .bind(id.partner.as_str())
        .bind(&id.scope)
        .bind(account.0)
        .bind(sealed)
        .bind(tokens.renew_at)
        .bind(tokens.ends_at)
        .fetch_optional(&self.pool)
        .await?;
        Ok(before.map(|row| (AccountId(row.get(0)), row.get(1))))
    }

    /// How the grant of a link stands, whatever its scope is; none, when the member has not agreed
    /// to any.
    ///
    /// # Errors
    /// When the store cannot be reached, or what it holds does not open.
    pub async fn grant_of_link(
        &self,
        member: MemberId,
        partner: &PartnerId,
        account: AccountId,
    ) -> Result<Option<(GrantId, Grant)>, VaultError> {
        let row = sqlx::query(
            "SELECT scope, sealed, renew_at, ends_at, version, lost_why,
                    refresh_begun_at IS NOT NULL,
                    refresh_begun_at < clock_timestamp() - $4 * interval '1 second'
               FROM member_tokens WHERE member_id = $1 AND partner_id = $2 AND account_id = $3",
        )
        .bind(member.0)
        .bind(partner.as_str())
        .bind(account.0)
        .bind(ABANDONED_AFTER_SECONDS)
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let id = GrantId { member, partner: partner.clone(), scope: row.get(0) };
        let version: i64 = row.get(4);
        if let Some(why) = row.get::<Option<String>, _>(5) {
            return Ok(Some((id, Grant::Lost { why, version })));
        }
        if row.get::<Option<bool>, _>(7) == Some(true) {
            let why = "refresh_abandoned";
            self.lose_grant(&id, version, why).await?;
            let lost = Grant::Lost { why: why.to_owned(), version: version + 1 };
            return Ok(Some((id, lost)));
        }
        let sealed: Vec<u8> = row.get::<Option<_>, _>(1).ok_or(VaultError::DoesNotOpen)?;
        let (access, refresh) = self.open_tokens(&id, account, &sealed).await?;
        let (renew_at, ends_at) = (row.get(2), row.get(3));
        let tokens = MemberTokens { access, refresh, renew_at, ends_at };
        let is_being_refreshed = row.get(6);
        Ok(Some((id, Grant::Live { tokens, version, is_being_refreshed })))
    }

    /// Destroys whatever there is of a link's grant.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn forget_link(
        &self,
        member: MemberId,
        partner: &PartnerId,
        account: AccountId,
    ) -> Result<(), VaultError> {
        sqlx::query(
            "DELETE FROM member_tokens
              WHERE member_id = $1 AND partner_id = $2 AND account_id = $3",
        )
        .bind(member.0)
        .bind(partner.as_str())
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

    /// The access and the refresh token.
    async fn open_tokens(
        &self,
        id: &GrantId,
        account: AccountId,
        sealed: &[u8],
    ) -> Result<(SecretString, Option<SecretString>), VaultError> {
        let sealed = Sealed::<Tokens>::from_ciphertext(sealed.to_vec());
        let account = account.to_string();
        let clear = self.open_sealed(id.member, &place(id, &account), &sealed).await?;
        let at_rest: AtRest =
            serde_json::from_str(clear.expose_secret()).map_err(|_| VaultError::DoesNotOpen)?;
        Ok((SecretString::from(at_rest.access), at_rest.refresh.map(SecretString::from)))
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
