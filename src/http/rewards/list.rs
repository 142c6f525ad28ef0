//! GET: what have I been given?
//!
//! Rows: Q2, Q4, R5.

use actix_web::web::Data;
use domain::reward::RewardStatus;
use projections::paging::Page;
use projections::rewards::NAME;
use projections::rewards::query::{self, RewardPage};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::RewardBody;
use crate::access::Member;
use crate::http::address::{Query, one_of};
use crate::http::position::{Answer, AtLeast};
use crate::http::problem::Problem;
use crate::http::state::AppState;

/// Which rewards are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// Those that stand here, such as `issued`.
    status: Option<String>,
    /// 1 to 200; 50 when absent.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A member's rewards, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct RewardList {
    rewards: Vec<RewardBody>,
    /// How many there are in all.
    total: i64,
    /// Where the next page begins, when there is one.
    next_cursor: Option<String>,
}

/// The member's own rewards, newest first; voucher codes are masked.
#[utoipa::path(get, path = "/api/rewards", tag = "rewards", params(Wanted),
    responses((status = 200, description = "Rewards", body = RewardList)))]
pub async fn list(
    member: Member,
    state: Data<AppState>,
    at_least: AtLeast,
    Query(wanted): Query<Wanted>,
) -> Result<Answer<RewardList>, Problem> {
    let status = one_of("status", wanted.status, &RewardStatus::ALL.map(RewardStatus::as_str))?;
    let status = status.and_then(|status| status.parse().ok());
    let page = Page::new(wanted.limit, wanted.cursor)?;
    let position = at_least.wait(&state.shown, &[NAME]).await?;
    let RewardPage { rows, total, next_cursor } =
        query::list(&state.read_pool, member.id, status, &page).await?;
    let rewards = rows.into_iter().map(RewardBody::from).collect();
    Ok(Answer::ok(position, RewardList { rewards, total, next_cursor }))
}
