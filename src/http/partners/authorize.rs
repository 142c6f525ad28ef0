//! POST: where do I agree at the partner that my account is linked?
//!
//! The member goes to the address in a browser, agrees there, and comes back to the callback with a
//! code. An app that takes the way back itself calls the callback with the member's token; a
//! browser that comes back by itself has the cookie that this answer sets.
//!
//! Rows: P8, C1.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, SET_COOKIE};
use actix_web::web::Data;
use domain::ids::PartnerId;
use domain::member::ConsentPurpose;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::linked::can_be_asked;
use crate::access::Member;
use crate::access::roles::LINK_COOKIE;
use crate::http::address::Id;
use crate::http::consents::agreed;
use crate::http::json::Json;
use crate::http::problem::{Code, Problem};
use crate::http::state::AppState;
use crate::vault::link_states::LASTS_SECONDS;

/// Nothing is needed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Authorize {}

/// Where to go.
#[derive(Debug, Serialize, ToSchema)]
pub struct Authorization {
    /// Open it in a browser; good once, for ten minutes.
    authorization_url: String,
}

/// Begins to link an account by agreement at the partner.
#[utoipa::path(post, path = "/api/partners/{id}/authorize", tag = "accounts",
    params(("id" = String, Path, description = "The partner's id, such as agl")),
    responses((status = 200, description = "Where the member agrees", body = Authorization)))]
pub async fn authorize(
    member: Member,
    state: Data<AppState>,
    Id(partner): Id<PartnerId>,
    Json(Authorize {}): Json<Authorize>,
) -> Result<HttpResponse, Problem> {
    let entry = state.catalogue.get(&partner).ok_or_else(|| Problem::new(Code::NotFound))?;
    if entry.oauth().is_none() {
        let problem = Problem::new(Code::CapabilityNotSupported);
        return Err(problem.fact("partner_id", &partner));
    }
    agreed(&state, member.id, ConsentPurpose::Link, &partner).await?;
    can_be_asked(&state, &partner).await?;
    let linking = state.calls.linking(&partner);
    let linking = linking.ok_or_else(|| Problem::new(Code::PartnerUnavailable))?;
    let begun = linking.begin(member.id).await?;
    let back = linking.redirect_uri();
    let secure = if back.scheme() == "https" { "; Secure" } else { "" };
    let cookie = format!(
        "{LINK_COOKIE}={}; Path={}; Max-Age={LASTS_SECONDS}; HttpOnly; SameSite=Lax{secure}",
        begun.browser.expose_secret(),
        back.path()
    );
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((SET_COOKIE, cookie))
        .json(Authorization { authorization_url: begun.url.to_string() }))
}
