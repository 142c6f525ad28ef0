//! POST: from now on, this system is told.
//!
//! *Why the address is the key*: the answer holds the secret and is kept nowhere. Sent again, the
//! same address is `endpoint_exists`, never a second endpoint that is told everything twice; the
//! secret can be had anew by changing it.
//!
//! Rows: U4, P9.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use domain::ids::Position;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::shown::OutgoingWebhook;
use crate::access::{Admins, Staff};
use crate::http::json::Json;
use crate::http::position::LEDGER_POSITION;
use crate::http::problem::{Code, Problem};
use crate::http::state::AppState;
use crate::messages::NoticeKind;
use crate::messages::deliveries::overlap;
use crate::messages::endpoints::{self, NotEntered};
use crate::partners::settings::api_url;

const LONGEST_URL: usize = 1_000;

/// Who is to be told of what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOutgoingWebhook {
    /// An https address (http on this machine only), without password, query or fragment.
    url: String,
    /// What it wants to be told of; all of it when absent.
    kinds: Option<Vec<String>>,
}

/// An endpoint with its secret, which is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct WithSecret {
    #[serde(flatten)]
    webhook: OutgoingWebhook,
    /// Notices are signed with it, as Standard Webhooks says.
    secret: String,
}

/// Enters a system that is to be told; its secret is in the answer, and only there.
///
/// Notices are signed as Standard Webhooks says, with one signature for each live secret. What is
/// not answered 2xx within ten seconds is sent again, under the same `webhook-id`, after about 5
/// seconds, 1, 5 and 30 minutes, 2, 8 and 24 hours; later where `Retry-After` asks for it, up to a
/// day; 410 ends it. Redirects are not followed.
#[utoipa::path(post, path = "/api/outgoing-webhooks", tag = "outgoing webhooks",
    request_body = NewOutgoingWebhook,
    responses((status = 200, description = "It is told from now on", body = WithSecret)))]
pub async fn enter(
    admin: Staff<Admins>,
    state: Data<AppState>,
    Json(wish): Json<NewOutgoingWebhook>,
) -> Result<HttpResponse, Problem> {
    let url = checked_url(&wish.url)?;
    let kinds = checked_kinds(wish.kinds)?;
    // The secret comes first: an endpoint without one could be told nothing.
    let id = Uuid::now_v7();
    let secret = state.vault.make_outgoing_secret(id, state.clock.now(), overlap()).await?;
    let entered = endpoints::enter(&state.pool, (id, &url), &kinds, admin.person().id).await;
    match entered {
        Ok(endpoint) => {
            let position = endpoints::told_up_to(&state.pool).await?;
            Ok(shown_once(position, endpoint.into(), &secret))
        }
        Err(why) => {
            state.vault.forget_outgoing_secrets(id).await?;
            Err(why.into())
        }
    }
}

/// Never stored: not by us, not on the way.
pub(super) fn shown_once(
    position: Position,
    webhook: OutgoingWebhook,
    secret: &SecretString,
) -> HttpResponse {
    let secret = secret.expose_secret().to_owned();
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((LEDGER_POSITION, position.0))
        .json(WithSecret { webhook, secret })
}

fn checked_url(text: &str) -> Result<String, Problem> {
    let wrong = || {
        let expected = "Expected an https address (http on this machine only) without password, \
                        query or fragment.";
        Problem::new(Code::InvalidField).detail(expected).fact("field", "url")
    };
    let url = api_url(text).map_err(|_| wrong())?;
    let is_bare = url.query().is_none() && url.fragment().is_none();
    if is_bare && url.as_str().len() <= LONGEST_URL { Ok(url.into()) } else { Err(wrong()) }
}

fn checked_kinds(given: Option<Vec<String>>) -> Result<Vec<String>, Problem> {
    let all = || NoticeKind::ALL.iter().map(|kind| kind.as_str().to_owned());
    let Some(mut kinds) = given else { return Ok(all().collect()) };
    kinds.sort();
    kinds.dedup();
    if !kinds.is_empty() && kinds.iter().all(|kind| all().any(|known| known == *kind)) {
        return Ok(kinds);
    }
    let known: Vec<String> = all().collect();
    let expected = format!("Expected one or more of {}.", known.join(", "));
    Err(Problem::new(Code::InvalidField).detail(expected).fact("field", "kinds"))
}

impl From<NotEntered> for Problem {
    fn from(why: NotEntered) -> Self {
        match why {
            NotEntered::AlreadyThere => Self::new(Code::EndpointExists),
            NotEntered::TooMany => Self::new(Code::TooManyEndpoints),
            NotEntered::Database(error) => error.into(),
        }
    }
}
