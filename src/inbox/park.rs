//! What could not be applied? Kept with its reason, and tried again by itself when more is known;
//! what people decide about it is in [`super::decide`].
//!
//! Rows: W6.

use domain::ids::PartnerId;
use sqlx::PgPool;

use super::store::{Inbox, InboxError};

/// How the reason begins of what may fit once more is known.
pub(super) const MAY_BE_EARLY: &str = "may_be_early: ";

/// How many are set aside.
///
/// # Errors
/// When the inbox cannot be reached.
pub async fn count_parked(pool: &PgPool) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT count(*) FROM public.inbox WHERE state = 'parked'")
        .fetch_one(pool)
        .await
}

/// How many of each partner's are set aside.
///
/// # Errors
/// When the inbox cannot be reached.
pub async fn parked_of_each(pool: &PgPool) -> Result<Vec<(String, i64)>, sqlx::Error> {
    sqlx::query_as(
        "SELECT partner_id, count(*) FROM public.inbox WHERE state = 'parked'
          GROUP BY partner_id ORDER BY partner_id",
    )
    .fetch_all(pool)
    .await
}

/// Partners of whom a webhook ever came.
///
/// # Errors
/// When the inbox cannot be reached.
pub async fn heard_from(pool: &PgPool) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar("SELECT DISTINCT partner_id FROM public.inbox").fetch_all(pool).await
}

impl Inbox {
    /// Tries those again that may have been early: something else of the partner's was applied.
    ///
    /// # Errors
    /// When the inbox cannot be reached.
    pub(super) async fn retry_early(
        &self,
        partner: &PartnerId,
        hours: i64,
    ) -> Result<(), InboxError> {
        sqlx::query(
            "UPDATE inbox SET state = 'new', next_at = clock_timestamp()
              WHERE partner_id = $1 AND state = 'parked' AND starts_with(reason, $2)
                AND received_at > clock_timestamp() - $3 * interval '1 hour'",
        )
        .bind(partner.as_str())
        .bind(MAY_BE_EARLY)
        .bind(hours)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
