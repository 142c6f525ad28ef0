//! Asks which accounts a member has linked.

use domain::ids::{AccountId, MemberId, PartnerId};
use domain::sealed::{AccountNumber, Sealed};
use sqlx::{PgPool, Row};

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
    let rows = sqlx::query(
        "SELECT id, partner_id, account_number, account_masked FROM user_partner_accounts
          WHERE user_id = $1 AND partner_id = ANY($2) AND verification_status = 'verified'
          ORDER BY linked_at",
    )
    .bind(member.0)
    .bind(partners)
    .fetch_all(pool)
    .await?;
    let accounts = rows.iter().filter_map(|row| {
        Some(VerifiedAccount {
            account_id: AccountId(row.get(0)),
            partner_id: row.get::<String, _>(1).parse().ok()?,
            account_number: Sealed::try_from(row.get::<String, _>(2)).ok()?,
            account_masked: row.get(3),
        })
    });
    Ok(accounts.collect())
}
