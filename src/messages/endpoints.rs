//! Which other systems are told, and of what? Endpoints, as an administrator keeps them.
//!
//! Rows: U4.

use chrono::{DateTime, Utc};
use domain::ids::Position;
use projections::paging::{ListError, Page, instant_mark};
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

/// The most endpoints there can be.
const MOST: i64 = 100;

/// An endpoint.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Endpoint {
    /// Its id.
    pub id: Uuid,
    /// Where it is.
    pub url: String,
    /// What it wants to be told of.
    pub kinds: Vec<String>,
    /// `active`, or `gone`: it said so itself, with status 410.
    pub state: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Who entered it.
    pub created_by: Uuid,
}

/// Why an endpoint was not entered.
#[derive(Debug, thiserror::Error)]
pub enum NotEntered {
    /// There is one with this address: rotate its secret, or delete it first.
    #[error("there is an endpoint with this address")]
    AlreadyThere,
    /// There are too many: delete one first.
    #[error("there are as many endpoints as there can be")]
    TooMany,
    /// The database could not be asked.
    #[error("the endpoints could not be reached")]
    Database(#[from] sqlx::Error),
}

/// Enters an endpoint.
///
/// # Errors
/// [`NotEntered`].
pub async fn enter(
    pool: &PgPool,
    (id, url): (Uuid, &str),
    kinds: &[String],
    by: Uuid,
) -> Result<Endpoint, NotEntered> {
    let live: i64 =
        sqlx::query_scalar("SELECT count(*) FROM outgoing_webhooks WHERE state <> 'deleted'")
            .fetch_one(pool)
            .await?;
    if live >= MOST {
        return Err(NotEntered::TooMany);
    }
    let entered = sqlx::query_as(
        "INSERT INTO outgoing_webhooks (id, url, kinds, created_at, created_by)
         VALUES ($1, $2, $3, ledger_now(), $4)
         ON CONFLICT (url) WHERE state <> 'deleted' DO NOTHING
         RETURNING id, url, kinds, state, created_at, created_by",
    )
    .bind(id)
    .bind(url)
    .bind(kinds)
    .bind(by)
    .fetch_optional(pool)
    .await?;
    entered.ok_or(NotEntered::AlreadyThere)
}

/// An endpoint that has not been deleted.
///
/// # Errors
/// When the database cannot be asked.
pub async fn get(pool: &PgPool, id: Uuid) -> Result<Option<Endpoint>, sqlx::Error> {
    sqlx::query_as(
        "SELECT id, url, kinds, state, created_at, created_by FROM outgoing_webhooks
          WHERE id = $1 AND state <> 'deleted'",
    )
    .bind(id)
    .fetch_optional(pool)
    .await
}

/// The endpoints, newest first, and the mark of the next page.
///
/// # Errors
/// When the page is none, or the database cannot be asked.
pub async fn list(
    pool: &PgPool,
    page: &Page,
) -> Result<(Vec<Endpoint>, Option<String>), ListError> {
    let (before, id) = page.after_instant()?.unzip();
    let rows: Vec<Endpoint> = sqlx::query_as(
        "SELECT id, url, kinds, state, created_at, created_by FROM outgoing_webhooks
          WHERE state <> 'deleted' AND ($1::timestamptz IS NULL OR (created_at, id) < ($1, $2))
          ORDER BY created_at DESC, id DESC LIMIT $3",
    )
    .bind(before)
    .bind(id)
    .bind(page.fetched())
    .fetch_all(pool)
    .await?;
    Ok(page.cut(rows, |row| instant_mark(row.created_at, row.id)))
}

/// Deletes an endpoint and ends what it was still to be told; answers whether it was there.
///
/// # Errors
/// When the database cannot be asked.
pub async fn delete(pool: &PgPool, id: Uuid, by: Uuid) -> Result<bool, sqlx::Error> {
    end(pool, id, ("deleted", Some(by))).await
}

/// The endpoint itself says that it is no more.
///
/// # Errors
/// When the database cannot be asked.
pub async fn is_gone(pool: &PgPool, id: Uuid) -> Result<bool, sqlx::Error> {
    end(pool, id, ("gone", None)).await
}

async fn end(
    pool: &PgPool,
    id: Uuid,
    (state, by): (&str, Option<Uuid>),
) -> Result<bool, sqlx::Error> {
    let ended: i64 = sqlx::query_scalar(
        "WITH ended AS (
           UPDATE outgoing_webhooks SET state = $2, ended_at = ledger_now(), ended_by = $3
            WHERE id = $1 AND (state = 'active' OR state = 'gone' AND $2 = 'deleted') RETURNING id
         ), deliveries AS (
           UPDATE outgoing_deliveries d SET state = 'ended', settled_at = ledger_now()
             FROM ended WHERE d.endpoint_id = ended.id AND d.state = 'waiting' RETURNING 1
         )
         SELECT count(*) FROM ended, (SELECT count(*) FROM deliveries) AS all_of_them",
    )
    .bind(id)
    .bind(state)
    .bind(by)
    .fetch_one(pool)
    .await?;
    Ok(ended == 1)
}

/// How far the log has been read for other systems.
///
/// # Errors
/// When the database cannot be asked.
pub async fn told_up_to(pool: &PgPool) -> Result<Position, sqlx::Error> {
    let position: Option<i64> =
        sqlx::query_scalar("SELECT position FROM process_checkpoints WHERE name = 'notify'")
            .fetch_optional(pool)
            .await?;
    Ok(Position(position.unwrap_or_default()))
}
