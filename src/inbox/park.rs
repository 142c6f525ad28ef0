//! What could not be applied, and why? Kept, shown, and tried again when somebody says so.
//!
//! Rows: W6.

use chrono::{DateTime, Utc};
use domain::ids::PartnerId;
use serde::Serialize;
use sqlx::{FromRow, PgPool};

use super::store::{Inbox, InboxError};

/// The most rows that are shown at once.
const MOST_SHOWN: i64 = 200;

/// How the reason begins of what may fit once more is known.
pub(super) const MAY_BE_EARLY: &str = "may_be_early: ";

/// A webhook that was set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromRow)]
pub struct Parked {
    /// From whom.
    pub partner_id: String,
    /// Its id.
    pub external_id: String,
    /// Its own word for what it is.
    pub kind: String,
    /// Why it was set aside.
    pub reason: Option<String>,
    /// When it came.
    pub received_at: DateTime<Utc>,
}

/// How many are set aside.
///
/// # Errors
/// When the inbox cannot be reached.
pub async fn count_parked(pool: &PgPool) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT count(*) FROM public.inbox WHERE state = 'parked'")
        .fetch_one(pool)
        .await
}

impl Inbox {
    /// What is set aside, oldest first.
    ///
    /// # Errors
    /// When the inbox cannot be reached.
    pub async fn parked(&self) -> Result<Vec<Parked>, InboxError> {
        let parked = sqlx::query_as(
            "SELECT partner_id, external_id, kind, reason, received_at FROM inbox
              WHERE state = 'parked' ORDER BY received_at LIMIT $1",
        )
        .bind(MOST_SHOWN)
        .fetch_all(&self.pool)
        .await?;
        Ok(parked)
    }

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

    /// Tries one again; answers whether it was set aside.
    ///
    /// # Errors
    /// When the inbox cannot be reached.
    pub async fn retry(&self, partner: &PartnerId, external_id: &str) -> Result<bool, InboxError> {
        let retried = sqlx::query(
            "UPDATE inbox SET state = 'new', attempts = 0, next_at = clock_timestamp()
              WHERE partner_id = $1 AND external_id = $2 AND state = 'parked'",
        )
        .bind(partner.as_str())
        .bind(external_id)
        .execute(&self.pool)
        .await?;
        Ok(retried.rows_affected() == 1)
    }
}
