//! GET: what about this partner?
//!
//! Rows: Q2, P6.

use actix_web::web::Data;
use domain::ids::PartnerId;
use projections::partners::{NAME, query};

use super::PartnerBody;
use crate::access::Anyone;
use crate::http::address::Id;
use crate::http::position::{Answer, AtLeast};
use crate::http::problem::{Code, Problem};
use crate::http::state::AppState;

/// One partner.
#[utoipa::path(get, path = "/api/partners/{id}", tag = "partners",
    params(("id" = String, Path, description = "The partner's id, such as woolworths")),
    responses((status = 200, description = "The partner", body = PartnerBody)))]
pub async fn show(
    _: Anyone,
    state: Data<AppState>,
    at_least: AtLeast,
    Id(id): Id<PartnerId>,
) -> Result<Answer<PartnerBody>, Problem> {
    let position = at_least.wait(&state.shown, &[NAME]).await?;
    let row = query::get(&state.read_pool, &id).await?;
    let row = row.ok_or_else(|| Problem::new(Code::NotFound))?;
    Ok(Answer::ok(position, PartnerBody::of(row, &state)))
}
