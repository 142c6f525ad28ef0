//! What could not be applied? Kept with its reason, and tried again by itself when more is known;
//! what people decide about it is in [`super::decide`].
//!
//! Rows: W6.

use domain::ids::PartnerId;
use sqlx::PgPool;

use super::apply::AWAITS_REDEMPTION;
use super::store::{Due, Inbox, InboxError};

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
    /// Sets one aside that may fit once more is known of this value of the partner's.
    ///
    /// # Errors
    /// When the inbox cannot be reached.
    pub(super) async fn park_early(
        &self,
        due: &Due,
        about: Option<&str>,
        reason: &str,
    ) -> Result<(), InboxError> {
        sqlx::query(
            "UPDATE inbox SET state = 'parked', reason = $3, about = $4
              WHERE partner_id = $1 AND external_id = $2",
        )
        .bind(due.partner.as_str())
        .bind(&due.external_id)
        .bind(format!("{MAY_BE_EARLY}{reason}"))
        .bind(about)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Something about this value was applied: what waits for that, and what was set aside as
    /// early and is about the same, is due. Nothing else is looked at.
    ///
    /// # Errors
    /// When the inbox cannot be reached.
    pub(super) async fn cause_came(
        &self,
        partner: &PartnerId,
        about: &str,
        hours: i64,
    ) -> Result<(), InboxError> {
        sqlx::query(
            "UPDATE inbox i SET state = 'new', next_at = clock_timestamp()
               FROM (SELECT external_id FROM inbox
                      WHERE partner_id = $1 AND about = $2 AND state = 'new' AND reason = $3
                        AND next_at > clock_timestamp()
                     UNION ALL
                     SELECT external_id FROM inbox
                      WHERE partner_id = $1 AND about = $2 AND state = 'parked'
                        AND starts_with(reason, 'may_be_early: ')
                        AND received_at > clock_timestamp() - $4 * interval '1 hour') of_it
              WHERE i.partner_id = $1 AND i.external_id = of_it.external_id",
        )
        .bind(partner.as_str())
        .bind(about)
        .bind(AWAITS_REDEMPTION)
        .bind(hours)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
