//! Is this process alive, and may it be sent requests?
//!
//! Rows: U6, Q3.

use actix_web::web::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::Anyone;

/// That it runs.
#[derive(Debug, Serialize, ToSchema)]
pub struct Live {
    /// `live`.
    status: &'static str,
}

/// The process runs; nothing else is looked at.
#[utoipa::path(get, path = "/health/live", tag = "health",
    responses((status = 200, description = "It runs", body = Live)))]
pub async fn live(_: Anyone) -> Json<Live> {
    Json(Live { status: "live" })
}

/// It can answer.
#[utoipa::path(get, path = "/health/ready", tag = "health",
    responses((status = 200, description = "It can answer", body = Live)))]
pub async fn ready(_: Anyone) -> Json<Live> {
    Json(Live { status: "ready" })
}
