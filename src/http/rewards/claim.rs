//! POST: I would like this from that partner. Taken on at once, and answered with it when it comes
//! soon.
//!
//! The claim is recorded first; the partner is asked by the process that issues every reward. This
//! handler watches the read model for five seconds and answers 202 `processing` when that was not
//! enough. The same claim again finds the first one and is answered the same.
//!
//! Rows: Q2, R3, R4, F4.

use std::time::{Duration, Instant};

use actix_web::web::Data;
use domain::ids::{MemberId, PartnerId, RewardId};
use domain::reward::{Reward, RewardCommand, RewardStatus};
use projections::checkpoint::WaitError;
use projections::rewards::query::{RewardRow, plain_number};
use projections::rewards::{NAME, query};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::body::number;
use super::offer::{available, offer, unavailable};
use super::own::{Own, own};
use crate::access::{Aal, Member};
use crate::http::address::Id;
use crate::http::json::Json;
use crate::http::position::Answer;
use crate::http::problem::{Code, Problem};
use crate::http::refusal::done;
use crate::http::state::AppState;
use crate::ledger::{Context, Executed};

const PATIENCE: Duration = Duration::from_secs(5);
const FIRST_LOOK: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(160);

/// What the member would like.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Claim {
    /// From whom: one of the reward's `eligible_partners`.
    #[schema(value_type = String)]
    partner_id: PartnerId,
    /// Which of the partner's products; its first when absent.
    product: Option<String>,
}

/// What became of the claim.
#[derive(Debug, Serialize, ToSchema)]
pub struct Claimed {
    /// Always true: a claim that was not taken on is a problem.
    success: bool,
    reward: ClaimedReward,
}

/// The reward after the claim.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClaimedReward {
    milestone: String,
    /// `issued`, or `processing` when the partner has not answered yet.
    status: String,
    partner_id: String,
    /// What was given; none before that.
    distribution_result: Option<DistributionResult>,
}

/// What was given; a voucher's code is masked.
#[derive(Debug, Serialize, ToSchema)]
pub struct DistributionResult {
    #[serde(flatten)]
    #[schema(value_type = Object)]
    details: Map<String, Value>,
    #[serde(serialize_with = "plain_number")]
    #[schema(schema_with = number)]
    amount: Decimal,
    currency: String,
}

/// Claims a reward with a partner of the member's choice.
#[utoipa::path(post, path = "/api/rewards/{id}/claim", tag = "rewards", request_body = Claim,
    params(("id" = String, Path, description = "The reward's id")),
    responses(
        (status = 200, description = "Given", body = Claimed),
        (status = 202, description = "Taken on; the partner has not answered yet", body = Claimed),
    ))]
pub async fn claim(
    member: Member,
    state: Data<AppState>,
    Id(id): Id<RewardId>,
    Json(wish): Json<Claim>,
) -> Result<Answer<Claimed>, Problem> {
    let own = own(&state, member.id, id).await?;
    let executed = order(&state, member, id, &own, &wish).await?;
    let Some(row) = watch(&state, member.id, id, &executed).await? else {
        let reward = ClaimedReward {
            milestone: own.reached.milestone.to_string(),
            status: RewardStatus::Processing.to_string(),
            partner_id: wish.partner_id.to_string(),
            distribution_result: None,
        };
        return Ok(Answer::accepted(executed.position, Claimed { success: true, reward }));
    };
    if row.status == RewardStatus::AwaitingChoice.as_str() {
        let mut others = available(&state, &own.reached).await?;
        others.retain(|other| other.partner_id != wish.partner_id.as_str());
        return Err(
            unavailable(&others).detail("This partner said no; please choose another one.")
        );
    }
    Ok(Answer::ok(executed.position, Claimed { success: true, reward: row.into() }))
}

/// Records the claim, when it is one that can be carried out.
async fn order(
    state: &AppState,
    member: Member,
    id: RewardId,
    own: &Own,
    wish: &Claim,
) -> Result<Executed, Problem> {
    let partner_id = wish.partner_id.clone();
    let command = match own.reward.chosen() {
        // Answered by the rule: the same claim again is nothing new, another one is refused.
        Some(chosen) => RewardCommand::Claim {
            partner_id,
            product: chosen.product.clone(),
            kind: chosen.kind,
            account_id: chosen.account_id,
        },
        None => {
            claimable(state, member, own)?;
            let product = wish.product.as_deref();
            let offer = offer(state, member.id, &own.reached, &partner_id, product).await?;
            RewardCommand::Claim {
                partner_id,
                product: offer.product,
                kind: offer.kind,
                account_id: offer.account_id,
            }
        }
    };
    let context = Context::new(member.actor(), "claimed by the member");
    done(state.ledger.execute::<Reward, _>(&id.to_string(), command, &context).await)
}

fn claimable(state: &AppState, member: Member, own: &Own) -> Result<(), Problem> {
    let status = own.reward.status();
    let waits =
        [RewardStatus::Pending, RewardStatus::AwaitingChoice, RewardStatus::AwaitingAccount];
    if !waits.contains(&status) {
        return Err(Problem::new(Code::NotClaimable).fact("status", status));
    }
    if own.reached.amount >= state.step_up_from && member.aal < Aal::Two {
        return Err(Problem::new(Code::SecondFactorRequired));
    }
    Ok(())
}

/// The reward once the partner has answered; none when it has not in time.
async fn watch(
    state: &AppState,
    member: MemberId,
    id: RewardId,
    executed: &Executed,
) -> Result<Option<RewardRow>, Problem> {
    let begun = Instant::now();
    match state.shown.at_least(executed.position, &[NAME], PATIENCE).await {
        Ok(_) => {}
        Err(WaitError::NotYet { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    let mut pause = FIRST_LOOK;
    loop {
        let row = query::get(&state.read_pool, member, id).await?;
        let is_open = |row: &RewardRow| {
            [RewardStatus::Processing, RewardStatus::Pending]
                .iter()
                .any(|s| s.as_str() == row.status)
        };
        match row {
            Some(row) if !is_open(&row) => return Ok(Some(row)),
            _ if begun.elapsed() >= PATIENCE => return Ok(None),
            _ => tokio::time::sleep(pause).await,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

impl From<RewardRow> for ClaimedReward {
    fn from(row: RewardRow) -> Self {
        let given = row.distribution_details.and_then(|details| match details {
            Value::Object(details) => Some(details),
            _ => None,
        });
        let distribution_result = given.map(|mut details| {
            details.remove("amount");
            details.remove("currency");
            let (amount, currency) = (row.reward_amount, row.currency);
            DistributionResult { details, amount, currency }
        });
        Self {
            milestone: row.milestone_id,
            status: row.status,
            partner_id: row.partner_used.unwrap_or_default(),
            distribution_result,
        }
    }
}
