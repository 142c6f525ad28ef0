//! Whose is an outside account? One member's at a time.
//!
//! *Why a table*: two streams cannot see each other, and a read model is always a little late. The
//! primary key decides, whoever races. It says nothing that the log does not say, and can be
//! written anew from it.
//!
//! Rows: R4.

use domain::ids::{AccountId, PartnerId};
use sqlx::PgPool;
use uuid::Uuid;

/// An outside account: at whom, and the keyed hash of its number.
#[derive(Debug, Clone, Copy)]
pub struct OutsideAccount<'a> {
    /// At whom.
    pub partner: &'a PartnerId,
    /// The keyed hash of its number.
    pub tag: &'a str,
}

/// Takes it for this link, unless another has it: then which.
///
/// # Errors
/// When the table cannot be reached.
pub async fn hold(
    pool: &PgPool,
    account: OutsideAccount<'_>,
    link: AccountId,
) -> Result<Option<AccountId>, sqlx::Error> {
    sqlx::query(
        "INSERT INTO account_holders (partner_id, account_tag, account_id) VALUES ($1, $2, $3)
         ON CONFLICT (partner_id, account_tag) DO NOTHING",
    )
    .bind(account.partner.as_str())
    .bind(account.tag)
    .bind(link.0)
    .execute(pool)
    .await?;
    let holds: Uuid = sqlx::query_scalar(
        "SELECT account_id FROM account_holders WHERE partner_id = $1 AND account_tag = $2",
    )
    .bind(account.partner.as_str())
    .bind(account.tag)
    .fetch_one(pool)
    .await?;
    Ok(Some(AccountId(holds)).filter(|holds| *holds != link))
}

/// Takes it over from a link that has ended; answers whether that one still had it.
///
/// # Errors
/// When the table cannot be reached.
pub async fn take_over(
    pool: &PgPool,
    account: OutsideAccount<'_>,
    (from, to): (AccountId, AccountId),
) -> Result<bool, sqlx::Error> {
    let taken = sqlx::query(
        "UPDATE account_holders SET account_id = $4, since = clock_timestamp()
          WHERE partner_id = $1 AND account_tag = $2 AND account_id = $3",
    )
    .bind(account.partner.as_str())
    .bind(account.tag)
    .bind(from.0)
    .bind(to.0)
    .execute(pool)
    .await?;
    Ok(taken.rows_affected() == 1)
}
