//! GET: which partners are there?
//!
//! Rows: Q2, P6.

use actix_web::web::Data;
use projections::paging::Page;
use projections::partners::{NAME, query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::PartnerBody;
use crate::access::Anyone;
use crate::http::address::{Query, one_of};
use crate::http::position::{Answer, AtLeast};
use crate::http::problem::Problem;
use crate::http::state::AppState;

/// Which partners are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// retail, utility, transport or support.
    r#type: Option<String>,
    /// pending, active, suspended or inactive.
    status: Option<String>,
    /// That can do this, such as `vouchers`.
    capability: Option<String>,
    /// 1 to 200; 50 when absent.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Partners, by id.
#[derive(Debug, Serialize, ToSchema)]
pub struct PartnerList {
    partners: Vec<PartnerBody>,
    /// How many there are in all.
    total: i64,
    /// Where the next page begins, when there is one.
    next_cursor: Option<String>,
}

/// Partners, by id.
#[utoipa::path(get, path = "/api/partners", tag = "partners", params(Wanted),
    responses((status = 200, description = "Partners", body = PartnerList)))]
pub async fn list(
    _: Anyone,
    state: Data<AppState>,
    at_least: AtLeast,
    Query(wanted): Query<Wanted>,
) -> Result<Answer<PartnerList>, Problem> {
    let types = ["retail", "utility", "transport", "support"];
    let statuses = ["pending", "active", "suspended", "inactive"];
    let filter = query::PartnerFilter {
        partner_type: one_of("type", wanted.r#type, &types)?,
        status: one_of("status", wanted.status, &statuses)?,
        capability: wanted.capability,
    };
    let page = Page::new(wanted.limit, wanted.cursor)?;
    let position = at_least.wait(&state.shown, &[NAME]).await?;
    let total = query::count(&state.read_pool, &filter).await?;
    let (rows, next_cursor) = query::list(&state.read_pool, &filter, &page).await?;
    let partners = rows.into_iter().map(|row| PartnerBody::of(row, &state)).collect();
    Ok(Answer::ok(position, PartnerList { partners, total, next_cursor }))
}
