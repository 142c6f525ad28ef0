//! Asks which accounts a member has linked.
//!
//! Rows: R4, Q2.

use chrono::{DateTime, Utc};
use domain::ids::{AccountId, MemberId, PartnerId};
use domain::sealed::{AccountNumber, Sealed};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgPool, Row};
use uuid::Uuid;

use crate::paging::{ListError, Page, instant_mark};

/// An account to which a credit may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedAccount {
    /// Which.
    pub account_id: AccountId,
    /// Where.
    pub partner_id: PartnerId,
    /// Its number, sealed.
    pub account_number: Sealed<AccountNumber>,
    /// What may be shown of it.
    pub account_masked: String,
}

const SEALED: &str = "id, partner_id, account_number, account_masked";

fn sealed(row: &PgRow) -> Option<VerifiedAccount> {
    Some(VerifiedAccount {
        account_id: AccountId(row.get(0)),
        partner_id: row.get::<String, _>(1).parse().ok()?,
        account_number: Sealed::try_from(row.get::<String, _>(2)).ok()?,
        account_masked: row.get(3),
    })
}

/// The member's verified accounts at these partners.
///
/// # Errors
/// When the read model cannot be read.
pub async fn verified_at(
    pool: &PgPool,
    member: MemberId,
    partners: &[PartnerId],
) -> Result<Vec<VerifiedAccount>, sqlx::Error> {
    let partners: Vec<&str> = partners.iter().map(PartnerId::as_str).collect();
    let rows = sqlx::query(&format!(
        "SELECT {SEALED} FROM user_partner_accounts
          WHERE user_id = $1 AND partner_id = ANY($2) AND verification_status = 'verified'
          ORDER BY linked_at"
    ))
    .bind(member.0)
    .bind(partners)
    .fetch_all(pool)
    .await?;
    Ok(rows.iter().filter_map(sealed).collect())
}

/// One account of a member's, wherever it stands.
///
/// # Errors
/// When the read model cannot be read.
pub async fn sealed_of(
    pool: &PgPool,
    member: MemberId,
    account: AccountId,
) -> Result<Option<VerifiedAccount>, sqlx::Error> {
    let row = sqlx::query(&format!(
        "SELECT {SEALED} FROM user_partner_accounts WHERE user_id = $1 AND id = $2"
    ))
    .bind(member.0)
    .bind(account.0)
    .fetch_optional(pool)
    .await?;
    Ok(row.as_ref().and_then(sealed))
}

/// The account that a partner knows by this number, found by its tag.
///
/// # Errors
/// When the read model cannot be read.
pub async fn linked_with_tag(
    pool: &PgPool,
    partner: &PartnerId,
    tag: &str,
) -> Result<Option<AccountId>, sqlx::Error> {
    let found: Option<Uuid> = sqlx::query_scalar(
        "SELECT id FROM user_partner_accounts WHERE partner_id = $1 AND account_tag = $2
            AND verification_status IN ('verified', 'relink_needed')",
    )
    .bind(partner.as_str())
    .bind(tag)
    .fetch_optional(pool)
    .await?;
    Ok(found.map(AccountId))
}

/// Whether a partner's number was linked once, and is no longer.
///
/// # Errors
/// When the read model cannot be read.
pub async fn was_linked_with_tag(
    pool: &PgPool,
    partner: &PartnerId,
    tag: &str,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM user_partner_accounts WHERE partner_id = $1
            AND account_tag = $2 AND verification_status = 'unlinked')",
    )
    .bind(partner.as_str())
    .bind(tag)
    .fetch_one(pool)
    .await
}

/// A link as its member sees it.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct AccountRow {
    /// Which.
    pub id: Uuid,
    /// Where.
    pub partner_id: String,
    /// Which link of this member with this partner, from 1.
    pub link_number: i32,
    /// utility, transport or retail.
    pub account_type: String,
    /// What may be shown of its number.
    pub account_masked: String,
    /// When it was asked for.
    pub linked_at: DateTime<Utc>,
    /// Where it stands.
    pub verification_status: String,
}

const SHOWN: &str =
    "id, partner_id, link_number, account_type, account_masked, linked_at, verification_status";

/// A member's links, newest first.
///
/// # Errors
/// [`ListError`].
pub async fn list(
    pool: &PgPool,
    member: MemberId,
    page: &Page,
) -> Result<(Vec<AccountRow>, Option<String>), ListError> {
    let after = page.after_instant()?;
    let rows: Vec<AccountRow> = sqlx::query_as(&format!(
        "SELECT {SHOWN} FROM user_partner_accounts
          WHERE user_id = $1 AND ($2::timestamptz IS NULL OR (linked_at, id) < ($2, $3))
          ORDER BY linked_at DESC, id DESC LIMIT $4"
    ))
    .bind(member.0)
    .bind(after.map(|(at, _)| at))
    .bind(after.map(|(_, id)| id))
    .bind(page.fetched())
    .fetch_all(pool)
    .await?;
    Ok(page.cut(rows, |row| instant_mark(row.linked_at, row.id)))
}

/// One link of a member's; none for somebody else's, as for one that does not exist.
///
/// # Errors
/// When the read model cannot be read.
pub async fn get(
    pool: &PgPool,
    member: MemberId,
    account: AccountId,
) -> Result<Option<AccountRow>, sqlx::Error> {
    sqlx::query_as(&format!(
        "SELECT {SHOWN} FROM user_partner_accounts WHERE user_id = $1 AND id = $2"
    ))
    .bind(member.0)
    .bind(account.0)
    .fetch_optional(pool)
    .await
}

/// The number of this member's newest link with this partner; 0 before the first.
///
/// # Errors
/// When the read model cannot be read.
pub async fn last_link(
    pool: &PgPool,
    member: MemberId,
    partner: &PartnerId,
) -> Result<u32, sqlx::Error> {
    let last: Option<i32> = sqlx::query_scalar(
        "SELECT max(link_number) FROM user_partner_accounts WHERE user_id = $1 AND partner_id = $2",
    )
    .bind(member.0)
    .bind(partner.as_str())
    .fetch_one(pool)
    .await?;
    Ok(last.and_then(|last| u32::try_from(last).ok()).unwrap_or(0))
}
