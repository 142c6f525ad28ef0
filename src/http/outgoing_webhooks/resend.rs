//! POST: try this delivery again, now, under the same id.
//!
//! Rows: U4.

use actix_web::web::Data;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::deliveries::Delivery;
use crate::access::{Admins, Staff};
use crate::http::address::Id;
use crate::http::json::Json;
use crate::http::position::Answer;
use crate::http::problem::{Code, Problem};
use crate::http::state::AppState;
use crate::messages::deliveries::{self, Resent};
use crate::messages::endpoints;

/// Nothing is needed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResendDelivery {}

/// Has a delivery tried again, whatever became of it; a receiver knows the repeat by its id.
#[utoipa::path(post, path = "/api/outgoing-webhooks/deliveries/{id}/resend",
    tag = "outgoing webhooks", request_body = ResendDelivery,
    params(("id" = String, Path, description = "The delivery's id")),
    responses((status = 202, description = "It is due", body = Delivery)))]
pub async fn resend(
    _: Staff<Admins>,
    state: Data<AppState>,
    Id(id): Id<Uuid>,
    Json(ResendDelivery {}): Json<ResendDelivery>,
) -> Result<Answer<Delivery>, Problem> {
    match deliveries::resend(&state.pool, id).await? {
        Resent::Due(delivery) => {
            let position = endpoints::told_up_to(&state.pool).await?;
            Ok(Answer::accepted(position, delivery.into()))
        }
        Resent::EndpointEnded => Err(Problem::new(Code::EndpointGone)),
        Resent::NotThere => Err(Problem::new(Code::NotFound)),
    }
}
