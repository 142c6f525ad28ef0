//! What is to be said, to whom, and what became of it? One row per audience, kind and cause.
//!
//! What the log makes people be told, and the position up to which it was read, are written by one
//! statement: whoever reads the same stretch at the same time finds the position moved and writes
//! nothing. What does not come from the log ([`Outbox::tell_staff`]) is told apart by its cause.
//!
//! *Why not a read model*: a rebuild empties and writes those anew, and everybody would be told
//! everything once more.
//!
//! Rows: U4, D6.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::{PgPool, Row};
use uuid::Uuid;

use super::notice::Notice;
use super::settings::{MessageSettings, staff_audience};

/// The name of the process that reads the log for people.
const READER: &str = "notify";

/// Something to be said by e-mail.
#[derive(Debug, Clone, PartialEq)]
pub struct ToSay {
    /// To whom: `member:<uuid>`, or one address of support's by its name.
    pub audience: String,
    /// Which message.
    pub kind: String,
    /// What made it.
    pub cause: String,
    /// What the words need.
    pub facts: Value,
    /// Not before.
    pub at: DateTime<Utc>,
}

impl ToSay {
    /// The same for the same audience, kind and cause; the e-mail's `Message-ID`.
    fn id(&self) -> Uuid {
        v5(&[&self.audience, &self.kind, &self.cause])
    }
}

/// What staff are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StaffNotice<'a> {
    /// The alert's kind, such as `webhook_parked`.
    pub kind: &'a str,
    /// The id of what it is about: no name, no address.
    pub subject: &'a str,
    /// A sentence or two for people, without anything personal.
    pub summary: &'a str,
    /// What made it: the same cause is told once, for ever.
    pub cause: &'a str,
}

/// What a stretch of the log makes people be told.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct News {
    /// By e-mail.
    pub to_say: Vec<ToSay>,
    /// To other systems.
    pub notices: Vec<Notice>,
}

/// A message in one sender's hands.
#[derive(Debug, Clone, PartialEq)]
pub struct DueMessage {
    /// The same for every try.
    pub id: Uuid,
    /// To whom.
    pub audience: String,
    /// Which message.
    pub kind: String,
    /// What the words need.
    pub facts: Value,
    /// Tries, this one included.
    pub attempts: i32,
}

/// Where what is to be said is kept.
#[derive(Clone)]
pub struct Outbox {
    pool: PgPool,
    staff: Vec<String>,
}

impl Outbox {
    /// The outbox of this database.
    #[must_use]
    pub fn new(pool: PgPool, settings: &MessageSettings) -> Self {
        Self { pool, staff: settings.staff.iter().map(staff_audience).collect() }
    }

    /// Tells support, by e-mail and to the systems that want `alert.raised`; answers whether there
    /// was anybody to whom this cause is new.
    ///
    /// # Errors
    /// When the outbox cannot be written; nothing was told then, and it may be called again.
    pub async fn tell_staff(&self, notice: StaffNotice<'_>) -> Result<bool, sqlx::Error> {
        let at: DateTime<Utc> =
            sqlx::query_scalar("SELECT ledger_now()").fetch_one(&self.pool).await?;
        self.write(None, &self.for_staff(notice, at)).await.map(|told| told > 0)
    }

    /// The same as part of what a stretch of the log brings.
    #[must_use]
    pub fn for_staff(&self, notice: StaffNotice<'_>, at: DateTime<Utc>) -> News {
        let StaffNotice { kind, subject, summary, cause } = notice;
        let facts = json!({ "subject": subject, "summary": summary });
        let to_say = self.staff.iter().map(|audience| ToSay {
            audience: audience.clone(),
            kind: kind.to_owned(),
            cause: cause.to_owned(),
            facts: facts.clone(),
            at,
        });
        let alert = Notice::of_alert(kind, subject, cause, at);
        News { to_say: to_say.collect(), notices: vec![alert] }
    }

    /// How far the log has been read for people.
    ///
    /// # Errors
    /// When the outbox cannot be read.
    pub async fn position(&self) -> Result<i64, sqlx::Error> {
        sqlx::query_scalar("SELECT position FROM process_checkpoints WHERE name = $1")
            .bind(READER)
            .fetch_one(&self.pool)
            .await
    }

    /// Writes what the log after `from` up to `to` brings, unless somebody has done so.
    ///
    /// # Errors
    /// When the outbox cannot be written; nothing of it was.
    pub async fn take(&self, (from, to): (i64, i64), news: &News) -> Result<(), sqlx::Error> {
        self.write(Some((from, to)), news).await.map(|_| ())
    }

    async fn write(&self, moved: Option<(i64, i64)>, news: &News) -> Result<i64, sqlx::Error> {
        let said = &news.to_say;
        let notices = &news.notices;
        let texts = |pick: fn(&ToSay) -> String| said.iter().map(pick).collect::<Vec<_>>();
        let told = |pick: fn(&Notice) -> String| notices.iter().map(pick).collect::<Vec<_>>();
        let row = sqlx::query(WRITE)
            .bind(READER)
            .bind(moved.map(|(from, _)| from))
            .bind(moved.map(|(_, to)| to))
            .bind(said.iter().map(ToSay::id).collect::<Vec<_>>())
            .bind(texts(|m| m.audience.clone()))
            .bind(texts(|m| m.kind.clone()))
            .bind(texts(|m| m.cause.clone()))
            .bind(said.iter().map(|m| m.facts.clone()).collect::<Vec<_>>())
            .bind(said.iter().map(|m| m.at).collect::<Vec<_>>())
            .bind(told(|n| n.kind.as_str().to_owned()))
            .bind(told(|n| n.cause.clone()))
            .bind(told(|n| n.body.clone()))
            .fetch_one(&self.pool)
            .await?;
        row.try_get(0)
    }

    /// Claims what is due, for `lease_seconds`.
    ///
    /// # Errors
    /// When the outbox cannot be read.
    pub async fn claim(
        &self,
        lease_seconds: i64,
        limit: i64,
    ) -> Result<Vec<DueMessage>, sqlx::Error> {
        let rows = sqlx::query(
            "UPDATE messages m SET next_at = ledger_now() + $1 * interval '1 second',
                    attempts = m.attempts + 1
               FROM (SELECT id FROM messages
                      WHERE state = 'waiting' AND next_at <= (SELECT ledger_now())
                      ORDER BY next_at LIMIT $2 FOR UPDATE SKIP LOCKED) due
              WHERE m.id = due.id
              RETURNING m.id, m.audience, m.kind, m.facts, m.attempts",
        )
        .bind(lease_seconds)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        let due = rows.iter().map(|row| {
            Ok(DueMessage {
                id: row.try_get(0)?,
                audience: row.try_get(1)?,
                kind: row.try_get(2)?,
                facts: row.try_get(3)?,
                attempts: row.try_get(4)?,
            })
        });
        due.collect()
    }

    /// It is over, one way or the other.
    ///
    /// # Errors
    /// When the outbox cannot be written: it will be sent once more then, under the same id.
    pub async fn settle(
        &self,
        id: Uuid,
        state: &str,
        reason: Option<&str>,
    ) -> Result<(), sqlx::Error> {
        sqlx::query(
            "UPDATE messages SET state = $2, reason = $3, settled_at = ledger_now() WHERE id = $1",
        )
        .bind(id)
        .bind(state)
        .bind(reason)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Not before `at`; one that was not tried at all does not count as a try.
    ///
    /// # Errors
    /// When the outbox cannot be written: its lease runs out then.
    pub async fn later(
        &self,
        id: Uuid,
        at: DateTime<Utc>,
        tried: Option<&str>,
    ) -> Result<(), sqlx::Error> {
        sqlx::query(
            "UPDATE messages SET next_at = $2, reason = $3,
                    attempts = attempts - CASE WHEN $3::text IS NULL THEN 1 ELSE 0 END
              WHERE id = $1",
        )
        .bind(id)
        .bind(at)
        .bind(tried)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

/// Moves the position (where there is one to move), and writes only when it was moved. A delivery
/// is given its id here, once, and keeps it through every try.
const WRITE: &str = "
WITH moved AS (
  UPDATE process_checkpoints SET position = $3, updated_at = clock_timestamp()
   WHERE name = $1 AND position = $2 RETURNING 1
), may AS (
  SELECT 1 WHERE $2::bigint IS NULL OR EXISTS (SELECT FROM moved)
), said AS (
  INSERT INTO messages (id, audience, kind, cause, facts, next_at, created_at)
  SELECT u.id, u.audience, u.kind, u.cause, u.facts, u.at, ledger_now()
    FROM may, unnest($4::uuid[], $5::text[], $6::text[], $7::text[], $8::jsonb[],
                     $9::timestamptz[]) AS u(id, audience, kind, cause, facts, at)
  ON CONFLICT (audience, kind, cause) DO NOTHING RETURNING 1
), told AS (
  INSERT INTO outgoing_deliveries (id, endpoint_id, kind, cause, body, next_at, created_at)
  SELECT gen_random_uuid(), e.id, n.kind, n.cause, n.body, ledger_now(), ledger_now()
    FROM may, unnest($10::text[], $11::text[], $12::text[]) AS n(kind, cause, body),
         outgoing_webhooks e
   WHERE e.state = 'active' AND n.kind = ANY (e.kinds)
  ON CONFLICT (endpoint_id, kind, cause) DO NOTHING RETURNING 1
)
SELECT (SELECT count(*) FROM said) + (SELECT count(*) FROM told)";

fn v5(parts: &[&str]) -> Uuid {
    let mut name = String::new();
    for part in parts {
        name.push_str(&format!("{}:{part}", part.len()));
    }
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}
