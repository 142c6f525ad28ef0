//! POST: send it to another partner. Only after a definite no, or before anything was sent.
//!
//! Rows: R6, R4, D4, P6.

use actix_web::web::Data;
use domain::ids::{PartnerId, RewardId};
use domain::reward::{Reward, RewardCommand, SupportAction, SupportCommand, ValueKind};
use serde::Deserialize;
use utoipa::ToSchema;

use super::act::Acting;
use super::refused::problem;
use super::{AttemptId, Told};
use crate::access::{Staff, SupportTeam};
use crate::http::address::Id;
use crate::http::json::Json;
use crate::http::position::Answer;
use crate::http::problem::{Code, Problem};
use crate::http::rewards::offer;
use crate::http::state::AppState;
use crate::http::support::reason::Reason;

/// Where it is to go, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Redirect {
    /// Why, in 1 to 500 characters; kept for ever, so please no names.
    #[schema(value_type = String)]
    reason: Reason,
    /// The attempt that the reward is at, as it was shown; null before the first.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    attempt_id: Option<AttemptId>,
    /// To whom: another of the reward's eligible partners.
    #[schema(value_type = String)]
    partner_id: PartnerId,
    /// Which of the partner's products; its first when absent.
    product: Option<String>,
}

/// Sends a reward to another eligible partner.
#[utoipa::path(post, path = "/api/support/rewards/{id}/redirect", tag = "support",
    request_body = Redirect, params(("id" = String, Path, description = "The reward's id")),
    responses((status = 200, description = "The other partner is asked", body = Told)))]
pub async fn redirect(
    staff: Staff<SupportTeam>,
    state: Data<AppState>,
    Id(id): Id<RewardId>,
    Json(wish): Json<Redirect>,
) -> Result<Answer<Told>, Problem> {
    let acting = Acting::begin(&state, &staff, id, &wish.reason);
    let attempt = acting.attempt(wish.attempt_id).await?;
    let reward = acting.reward().await?;
    // What the ledger would refuse anyway is told first, whoever can give something now.
    would_be_taken(&acting, &reward, attempt, &wish.partner_id)?;
    let reached = reward.reached().ok_or_else(|| Problem::new(Code::NotFound))?;
    let (member, product) = (reached.member_id, wish.product.as_deref());
    let offer = offer(&state, member, reached, &wish.partner_id, product).await?;
    if offer.account_id.is_some_and(|account| reward.came_back_from(account)) {
        let needed = Problem::new(Code::AccountNeeded);
        return Err(needed.detail("A credit to the member's account there came back."));
    }
    let to = SupportCommand::Redirect {
        attempt,
        partner_id: wish.partner_id,
        product: offer.product,
        kind: offer.kind,
        account_id: offer.account_id,
    };
    acting.carry_out((SupportAction::Redirect, attempt), to).await
}

fn would_be_taken(
    acting: &Acting<'_>,
    reward: &Reward,
    attempt: u32,
    partner_id: &PartnerId,
) -> Result<(), Problem> {
    let tried = SupportCommand::Redirect {
        attempt,
        partner_id: partner_id.clone(),
        product: String::new(),
        kind: ValueKind::Voucher,
        account_id: None,
    };
    let decided = reward.decide(RewardCommand::Support(tried), acting.state.ledger.now());
    decided.map(|_| ()).map_err(|refusal| problem(acting.id, reward, refusal))
}
