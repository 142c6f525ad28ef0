//! What do handlers have at hand? Everything that was started before the server was.
//!
//! The pools are the edge's own: a connection lives in the runtime of the server thread that opened
//! it, so nothing that outlives the server may share them.
//!
//! Rows: Q2.

use sqlx::PgPool;

use super::operations::Metrics;
use crate::access::Access;

/// What every handler can use. Cheap to clone: each server thread has one.
#[derive(Clone)]
pub struct AppState {
    /// Tells people apart by their tokens.
    pub access: Access,
    /// The database with the application's rights: saved answers, the inbox's and the like.
    pub pool: PgPool,
    /// Read models, for queries only; may be a replica.
    pub reads: PgPool,
    /// What Prometheus is told.
    pub metrics: Metrics,
    /// Whom people can turn to, shown where something did not go well.
    pub support_contact: String,
}
