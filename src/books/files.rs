//! Where are the files themselves? In a table of their own, whole, by the digest of their bytes.
//!
//! Rows: A2.

use chrono::{DateTime, Utc};
use domain::ids::{PartnerId, StatementId};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use uuid::Uuid;

use super::Incoming;
use crate::statements::Fault;

/// How a file came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CameBy {
    /// Somebody brought it.
    Upload,
    /// We fetched it.
    Pull,
}

impl CameBy {
    fn as_str(self) -> &'static str {
        match self {
            Self::Upload => "uploaded",
            Self::Pull => "pulled",
        }
    }
}

/// Keeps a file, with what it was found to be. Once: the same bytes are there already.
///
/// # Errors
/// When the database cannot take it.
pub(super) async fn keep(
    pool: &PgPool,
    partner: &PartnerId,
    file: Incoming<'_>,
    found: Result<StatementId, &[Fault]>,
    brought_by: &str,
) -> Result<(), sqlx::Error> {
    let faults = found.err().map(|faults| faults.iter().map(told).collect::<Vec<Value>>());
    sqlx::query(
        "INSERT INTO statement_files
                (id, partner_id, sha256, content, came_by, brought_by, statement_id, faults)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (partner_id, sha256) DO NOTHING",
    )
    .bind(Uuid::now_v7())
    .bind(partner.as_str())
    .bind(hex::encode(Sha256::digest(file.bytes)))
    .bind(file.bytes)
    .bind(file.came_by.as_str())
    .bind(brought_by)
    .bind(found.ok().map(|id| id.0))
    .bind(faults.map(sqlx::types::Json))
    .execute(pool)
    .await?;
    Ok(())
}

/// A fault as it is kept and told.
pub(super) fn told(fault: &Fault) -> Value {
    json!({
        "line": fault.line,
        "code": fault.code.as_str(),
        "detail": fault.code.sentence(),
    })
}

/// The ledger's time at this moment.
///
/// # Errors
/// When the database cannot be asked.
pub(super) async fn now(pool: &PgPool) -> Result<DateTime<Utc>, sqlx::Error> {
    sqlx::query_scalar("SELECT ledger_now()").fetch_one(pool).await
}

/// The bytes that a statement was read from.
///
/// # Errors
/// When they cannot be read, or are not there.
pub async fn content(pool: &PgPool, partner: &str, sha256: &str) -> Result<Vec<u8>, sqlx::Error> {
    sqlx::query_scalar("SELECT content FROM statement_files WHERE partner_id = $1 AND sha256 = $2")
        .bind(partner)
        .bind(sha256)
        .fetch_one(pool)
        .await
}
