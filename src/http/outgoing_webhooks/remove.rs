//! DELETE: this system is told nothing more.
//!
//! Rows: U4.

use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::{Admins, Staff};
use crate::http::address::Id;
use crate::http::json::Json;
use crate::http::position::Answer;
use crate::http::problem::{Code, Problem};
use crate::http::state::AppState;
use crate::messages::endpoints;

/// Nothing is needed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveWebhook {}

/// That it is told nothing more.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookRemoved {
    /// Always true.
    deleted: bool,
}

/// Deletes an endpoint: its secret is forgotten, and what was still to be sent ends.
#[utoipa::path(delete, path = "/api/outgoing-webhooks/{id}", tag = "outgoing webhooks",
    params(("id" = String, Path, description = "The endpoint's id")),
    responses((status = 200, description = "It is told nothing more", body = WebhookRemoved)))]
pub async fn remove(
    admin: Staff<Admins>,
    state: Data<AppState>,
    Id(id): Id<Uuid>,
    Json(RemoveWebhook {}): Json<RemoveWebhook>,
) -> Result<Answer<WebhookRemoved>, Problem> {
    if !endpoints::delete(&state.pool, id, admin.person().id).await? {
        return Err(Problem::new(Code::NotFound));
    }
    state.vault.forget_outgoing_secrets(id).await?;
    let position = endpoints::told_up_to(&state.pool).await?;
    Ok(Answer::ok(position, WebhookRemoved { deleted: true }))
}
