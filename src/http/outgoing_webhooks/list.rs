//! GET: the endpoints, newest first.
//!
//! Rows: U4, Q2.

use actix_web::web::Data;
use projections::paging::Page;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::shown::{OutgoingWebhook, told_at_least};
use crate::access::{Admins, Staff};
use crate::http::address::Query;
use crate::http::position::{Answer, AtLeast};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::messages::endpoints;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WebhookPage {
    /// 1 to 200; 50 when absent.
    pub(super) limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub(super) cursor: Option<String>,
}

/// Endpoints, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutgoingWebhookList {
    outgoing_webhooks: Vec<OutgoingWebhook>,
    /// Where the next page begins, when there is one.
    next_cursor: Option<String>,
}

/// The systems that are told, newest first.
#[utoipa::path(get, path = "/api/outgoing-webhooks", tag = "outgoing webhooks",
    params(WebhookPage),
    responses((status = 200, description = "Endpoints", body = OutgoingWebhookList)))]
pub async fn list(
    _: Staff<Admins>,
    state: Data<AppState>,
    at_least: AtLeast,
    Query(wanted): Query<WebhookPage>,
) -> Result<Answer<OutgoingWebhookList>, Problem> {
    let page = Page::new(wanted.limit, wanted.cursor)?;
    let position = told_at_least(&state, at_least).await?;
    let (found, next_cursor) = endpoints::list(&state.pool, &page).await?;
    let outgoing_webhooks = found.into_iter().map(OutgoingWebhook::from).collect();
    Ok(Answer::ok(position, OutgoingWebhookList { outgoing_webhooks, next_cursor }))
}
