//! POST: a new secret. The one before signs beside it for a day, so that nothing is lost while the
//! receiver changes over.
//!
//! Rows: U4, W2, P9.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::enter::{WithSecret, shown_once};
use crate::access::{Admins, Staff};
use crate::http::address::Id;
use crate::http::json::Json;
use crate::http::problem::{Code, Problem};
use crate::http::state::AppState;
use crate::messages::deliveries::overlap;
use crate::messages::endpoints;

/// Nothing is needed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateSecret {}

/// Makes a new secret; for 24 hours notices are signed with it and with the one before.
#[utoipa::path(post, path = "/api/outgoing-webhooks/{id}/rotate", tag = "outgoing webhooks",
    request_body = RotateSecret,
    params(("id" = String, Path, description = "The endpoint's id")),
    responses((status = 200, description = "The new secret, this once", body = WithSecret)))]
pub async fn rotate(
    _: Staff<Admins>,
    state: Data<AppState>,
    Id(id): Id<Uuid>,
    Json(RotateSecret {}): Json<RotateSecret>,
) -> Result<HttpResponse, Problem> {
    let endpoint = endpoints::get(&state.pool, id).await?;
    let endpoint = endpoint.ok_or_else(|| Problem::new(Code::NotFound))?;
    let secret = state.vault.make_outgoing_secret(id, state.clock.now(), overlap()).await?;
    let position = endpoints::told_up_to(&state.pool).await?;
    Ok(shown_once(position, endpoint.into(), &secret))
}
