//! Whose is a voucher, a credit, a code? The first reward's that it was given for, for ever.
//!
//! *Why a table of its own*: two answers may come at the same instant, and read models are behind.
//! Asked before a partner's word, or that of two people, becomes an event, so that the log never
//! holds one value twice: a read model that meets it twice could only stand still.
//!
//! Rows: R2, D4. Cases: C24.

use domain::ids::{PartnerId, RewardId};
use uuid::Uuid;

use super::execute::Ledger;

/// What kind of name a value is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueName {
    /// The partner's id of a voucher.
    VoucherId,
    /// Keyed hash of a voucher's code.
    Code,
    /// The partner's id of a credit.
    CreditId,
    /// Our reference that it was given for.
    Reference,
}

impl ValueName {
    fn as_str(self) -> &'static str {
        match self {
            Self::VoucherId => "voucher_id",
            Self::Code => "code",
            Self::CreditId => "credit_id",
            Self::Reference => "reference",
        }
    }
}

impl Ledger {
    /// Notes that a value of these names is this reward's; answers whether it is.
    ///
    /// # Errors
    /// When the database cannot be reached: nothing is taken then.
    pub async fn belongs_to(
        &self,
        reward: RewardId,
        partner: &PartnerId,
        names: &[(ValueName, &str)],
    ) -> Result<bool, sqlx::Error> {
        let kinds: Vec<&str> = names.iter().map(|(kind, _)| kind.as_str()).collect();
        let values: Vec<&str> = names.iter().map(|(_, value)| *value).collect();
        sqlx::query(
            "INSERT INTO given_values (partner_id, what, value, reward_id)
             SELECT $1, w, v, $4 FROM unnest($2::text[], $3::text[]) AS u(w, v)
             ON CONFLICT DO NOTHING",
        )
        .bind(partner.as_str())
        .bind(&kinds)
        .bind(&values)
        .bind(reward.0)
        .execute(self.pool())
        .await?;
        let owners: Vec<Uuid> = sqlx::query_scalar(
            "SELECT g.reward_id FROM given_values g
               JOIN unnest($2::text[], $3::text[]) AS u(w, v) ON g.what = u.w AND g.value = u.v
              WHERE g.partner_id = $1",
        )
        .bind(partner.as_str())
        .bind(&kinds)
        .bind(&values)
        .fetch_all(self.pool())
        .await?;
        Ok(owners.len() == names.len() && owners.iter().all(|owner| *owner == reward.0))
    }

    /// The reward that a value was given for, if it was given.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn given_for(
        &self,
        partner: &PartnerId,
        (kind, value): (ValueName, &str),
    ) -> Result<Option<RewardId>, sqlx::Error> {
        let owner: Option<Uuid> = sqlx::query_scalar(
            "SELECT reward_id FROM given_values
              WHERE partner_id = $1 AND what = $2 AND value = $3",
        )
        .bind(partner.as_str())
        .bind(kind.as_str())
        .bind(value)
        .fetch_optional(self.pool())
        .await?;
        Ok(owner.map(RewardId))
    }
}
