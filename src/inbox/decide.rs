//! What did people do with what had been set aside? Tried again or dismissed, once each time.
//!
//! A webhook that is tried again and still cannot be applied is set aside again, with its reason,
//! and can be decided on again: what was decided names the time it had been set aside
//! (`parking`). The row of `webhook_actions` and the change of the inbox are one statement; of two
//! people at once one comes first.
//!
//! Rows: W6.

use chrono::{DateTime, Utc};
use domain::ids::PartnerId;
use projections::paging::{ListError, Page, PageError};
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use super::store::{Inbox, InboxError};

/// What can be done with a webhook that was set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Try once more to apply it.
    Retry,
    /// Leave it.
    Dismiss,
}

impl Decision {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Dismiss => "dismiss",
        }
    }
}

/// Somebody's wish.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// From whom the webhook came.
    pub partner: &'a PartnerId,
    /// Its id.
    pub external_id: &'a str,
    /// Which time it had been set aside, from 1.
    pub parking: i32,
    /// What is to be done.
    pub decision: Decision,
    /// Who wishes it.
    pub person: Uuid,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
#[allow(missing_docs, reason = "the fields are those of the table")]
pub struct Done {
    pub parking: i32,
    pub action: String,
    pub person: Uuid,
    pub at: DateTime<Utc>,
}

/// What became of a wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decided {
    /// It is done.
    Now(Done),
    /// It had been decided before, so.
    Before(Done),
    /// It is at another time of being set aside.
    OtherParking(i32),
    /// It is not set aside.
    NotParked,
    /// There is no such webhook.
    Unknown,
}

/// A webhook that is or was set aside, as the team sees it: never its body.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
#[allow(missing_docs, reason = "the fields are those of the tables")]
pub struct SetAside {
    pub partner_id: String,
    pub external_id: String,
    pub kind: String,
    pub reason: Option<String>,
    pub received_at: DateTime<Utc>,
    pub attempts: i32,
    pub parking: i32,
}

const DECIDE: &str = "
WITH aside AS MATERIALIZED (
  SELECT partner_id, external_id, kind, reason, attempts, received_at FROM public.inbox
   WHERE partner_id = $1 AND external_id = $2 AND state = 'parked' FOR UPDATE
), decided AS (
  INSERT INTO public.webhook_actions (partner_id, external_id, parking, action, person, reason,
                                      kind, parked_because, attempts, received_at)
  SELECT partner_id, external_id, $3, $4, $5, $6, kind, reason, attempts, received_at FROM aside
   WHERE $3 = (SELECT count(*) + 1 FROM public.webhook_actions
                WHERE partner_id = $1 AND external_id = $2)
  ON CONFLICT DO NOTHING
  RETURNING parking, action, person, at
), moved AS (
  UPDATE public.inbox i
     SET state = CASE WHEN $4 = 'retry' THEN 'new' ELSE 'done' END,
         reason = CASE WHEN $4 = 'retry' THEN i.reason ELSE 'dismissed' END,
         attempts = CASE WHEN $4 = 'retry' THEN 0 ELSE i.attempts END,
         next_at = clock_timestamp()
    FROM decided WHERE i.partner_id = $1 AND i.external_id = $2
)
SELECT parking, action, person, at FROM decided";

const PARKED: &str = "
SELECT i.partner_id, i.external_id, i.kind, i.reason, i.received_at, i.attempts,
       (SELECT count(*) + 1 FROM public.webhook_actions a
         WHERE a.partner_id = i.partner_id AND a.external_id = i.external_id)::int AS parking
  FROM public.inbox i
 WHERE i.state = 'parked' AND ($1::timestamptz IS NULL
       OR (i.received_at, i.partner_id, i.external_id) > ($1, $2, $3))
 ORDER BY i.received_at, i.partner_id, i.external_id LIMIT $4";

const DISMISSED: &str = "
SELECT partner_id, external_id, kind, parked_because AS reason, received_at, attempts, parking
  FROM public.webhook_actions
 WHERE action = 'dismiss' AND ($1::timestamptz IS NULL
       OR (received_at, partner_id, external_id) > ($1, $2, $3))
 ORDER BY received_at, partner_id, external_id LIMIT $4";

impl Inbox {
    /// Decides on a webhook that is set aside. `reason` is kept, and nowhere else.
    ///
    /// # Errors
    /// When the inbox cannot be reached: nothing was decided, or what was is found by the repeat.
    pub async fn decide(&self, wish: Wish<'_>, reason: &str) -> Result<Decided, InboxError> {
        let done: Option<Done> = sqlx::query_as(DECIDE)
            .bind(wish.partner.as_str())
            .bind(wish.external_id)
            .bind(wish.parking)
            .bind(wish.decision.as_str())
            .bind(wish.person)
            .bind(reason)
            .fetch_optional(&self.pool)
            .await?;
        match done {
            Some(done) => Ok(Decided::Now(done)),
            None => self.why_not(wish).await,
        }
    }

    async fn why_not(&self, wish: Wish<'_>) -> Result<Decided, InboxError> {
        let before: Vec<Done> = sqlx::query_as(
            "SELECT parking, action, person, at FROM public.webhook_actions
              WHERE partner_id = $1 AND external_id = $2 ORDER BY parking",
        )
        .bind(wish.partner.as_str())
        .bind(wish.external_id)
        .fetch_all(&self.pool)
        .await?;
        let present = i32::try_from(before.len()).unwrap_or(i32::MAX).saturating_add(1);
        if let Some(first) = before.into_iter().find(|done| done.parking == wish.parking) {
            return Ok(Decided::Before(first));
        }
        let state: Option<String> = sqlx::query_scalar(
            "SELECT state FROM public.inbox WHERE partner_id = $1 AND external_id = $2",
        )
        .bind(wish.partner.as_str())
        .bind(wish.external_id)
        .fetch_optional(&self.pool)
        .await?;
        Ok(match state {
            None => Decided::Unknown,
            Some(_) if wish.parking != present => Decided::OtherParking(present),
            Some(_) => Decided::NotParked,
        })
    }
}

/// What is set aside, or was dismissed, oldest first.
///
/// # Errors
/// [`ListError`].
pub async fn set_aside(
    pool: &PgPool,
    is_dismissed: bool,
    page: &Page,
) -> Result<(Vec<SetAside>, Option<String>), ListError> {
    let after = page.after_text().map(|mark| read_mark(mark).ok_or(PageError::Cursor));
    let after = after.transpose()?;
    let list = if is_dismissed { DISMISSED } else { PARKED };
    let rows: Vec<SetAside> = sqlx::query_as(list)
        .bind(after.as_ref().map(|(at, ..)| *at))
        .bind(after.as_ref().map(|(_, partner, _)| *partner))
        .bind(after.as_ref().map(|(.., id)| *id))
        .bind(page.fetched())
        .fetch_all(pool)
        .await?;
    Ok(page.cut(rows, |row| {
        format!("{}_{}:{}", row.received_at.timestamp_micros(), row.partner_id, row.external_id)
    }))
}

fn read_mark(mark: &str) -> Option<(DateTime<Utc>, &str, &str)> {
    let (micros, name) = mark.split_once('_')?;
    let (partner, id) = name.split_once(':')?;
    Some((DateTime::from_timestamp_micros(micros.parse().ok()?)?, partner, id))
}
