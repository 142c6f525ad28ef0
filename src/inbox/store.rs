//! Is it durable? Webhooks are kept before they are answered, the same id once.
//!
//! Rows: W3, W5, C4.

use chrono::{DateTime, Utc};
use domain::ids::PartnerId;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use sqlx::{PgPool, Row};

use super::intake::{Arrival, Intake};
use crate::partners::signature::VerifiedNotice;
use crate::vault::Vault;

/// A webhook whose signature was good.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    /// From whom.
    pub partner: &'a PartnerId,
    /// Its id and time; only the verifier makes one.
    pub verified: &'a VerifiedNotice,
    /// Its raw body.
    pub body: &'a [u8],
}

/// What it was taken as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AcceptedAs {
    /// Not seen before.
    New,
    /// The same as before.
    Repeat,
    /// The same id with another body: the first stays.
    DifferentBody,
}

/// Where webhooks are kept.
#[derive(Clone)]
pub struct Inbox {
    pub(super) pool: PgPool,
    pub(super) vault: Vault,
    intake: Intake,
}

/// A webhook in one worker's hands.
pub(super) struct Due {
    pub partner: PartnerId,
    pub external_id: String,
    /// None when it does not open: a key is missing, or the row was changed.
    pub body: Option<Vec<u8>>,
    pub attempts: i32,
    pub received_at: DateTime<Utc>,
}

#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<std::borrow::Cow<'a, str>>,
}

impl Inbox {
    /// The inbox in this database, open for webhooks as long as it is held.
    #[must_use]
    pub fn new(pool: PgPool, vault: Vault) -> Self {
        let intake = Intake::open(pool.clone());
        Self { pool, vault, intake }
    }

    /// What seals its bodies.
    #[must_use]
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// Keeps a webhook; when this answers, it is durable.
    ///
    /// # Errors
    /// [`InboxError`]: nothing was kept, and nothing may be acknowledged.
    pub async fn accept(&self, received: Received<'_>) -> Result<AcceptedAs, InboxError> {
        let Received { partner, verified, body } = received;
        let sealed_body = self.vault.seal_for_partner(partner, &place(verified.id()), body);
        let arrival = Arrival {
            partner: partner.to_string(),
            external_id: verified.id().to_owned(),
            sent_at: verified.sent_at(),
            kind: kind_of(body),
            body_digest: hex::encode(Sha256::digest(body)),
            sealed_body,
        };
        self.intake.keep(arrival).await
    }

    /// Claims what is due, for `lease_seconds`. A webhook's own timers go by the real clock.
    pub(super) async fn claim(
        &self,
        lease_seconds: i64,
        limit: i64,
    ) -> Result<Vec<Due>, InboxError> {
        let rows = sqlx::query(
            "UPDATE inbox i SET next_at = clock_timestamp() + $1 * interval '1 second',
                    attempts = i.attempts + 1
               FROM (SELECT partner_id, external_id FROM inbox
                      WHERE state = 'new' AND next_at <= clock_timestamp()
                      ORDER BY next_at LIMIT $2 FOR UPDATE SKIP LOCKED) due
              WHERE i.partner_id = due.partner_id AND i.external_id = due.external_id
              RETURNING i.partner_id, i.external_id, i.sealed_body, i.attempts, i.received_at",
        )
        .bind(lease_seconds)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                let partner: String = row.try_get(0)?;
                let partner: PartnerId = partner.parse().map_err(|_| InboxError::Unreadable)?;
                let external_id: String = row.try_get(1)?;
                let sealed: Vec<u8> = row.try_get::<Option<_>, _>(2)?.unwrap_or_default();
                let body =
                    self.vault.open_for_partner(&partner, &place(&external_id), &sealed).ok();
                let (attempts, received_at) = (row.try_get(3)?, row.try_get(4)?);
                Ok(Due { partner, external_id, body, attempts, received_at })
            })
            .collect()
    }

    /// Its effect is in the ledger.
    pub(super) async fn done(&self, due: &Due) -> Result<(), InboxError> {
        self.settle(due, "done", None).await
    }

    pub(super) async fn settle(
        &self,
        due: &Due,
        state: &str,
        reason: Option<&str>,
    ) -> Result<(), InboxError> {
        sqlx::query(
            "UPDATE inbox SET state = $3, reason = $4 WHERE partner_id = $1 AND external_id = $2",
        )
        .bind(due.partner.as_str())
        .bind(&due.external_id)
        .bind(state)
        .bind(reason)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Its cause is not there yet: again later; why, and about which value of the partner's.
    pub(super) async fn later(
        &self,
        due: &Due,
        seconds: i64,
        (reason, about): (&str, Option<&str>),
    ) -> Result<(), InboxError> {
        sqlx::query(
            "UPDATE inbox SET next_at = clock_timestamp() + $3 * interval '1 second', reason = $4,
                    about = $5
              WHERE partner_id = $1 AND external_id = $2 AND state = 'new'",
        )
        .bind(due.partner.as_str())
        .bind(&due.external_id)
        .bind(seconds)
        .bind(reason)
        .bind(about)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

fn place(external_id: &str) -> String {
    format!("inbox.sealed_body/{external_id}")
}

/// The body's own word for what it is, cut to a sane length; nothing else of it is looked at here.
fn kind_of(body: &[u8]) -> String {
    let kind = serde_json::from_slice::<Kind<'_>>(body).ok().and_then(|kind| kind.kind);
    let kind = kind.unwrap_or_else(|| "unknown".into());
    kind.chars().filter(|c| c.is_ascii_graphic()).take(64).collect()
}

/// Why a webhook was not kept.
#[derive(Debug, thiserror::Error)]
pub enum InboxError {
    /// The database could not be reached; the partner will send it again.
    #[error("the inbox could not be reached")]
    Unreachable(#[from] sqlx::Error),
    /// More is arriving than can be kept; the partner will send it again.
    #[error("the inbox is full")]
    Full,
    /// The database could not be written; the partner will send it again.
    #[error("the webhook was not kept")]
    NotKept,
    /// A row was changed from outside.
    #[error("a kept webhook could not be read")]
    Unreadable,
}
