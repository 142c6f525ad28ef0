//! GET: which rewards wait, for what, and since when? Oldest first.
//!
//! Of a voucher's code only the masked one is here, and nothing sealed.
//!
//! Rows: R6, Q4.

use actix_web::web::Data;
use chrono::{DateTime, Utc};
use domain::ids::RewardId;
use domain::reward::RewardStatus;
use projections::paging::Page;
use projections::support_rewards::NAME;
use projections::support_rewards::query::{self, OTHER_STATES, SupportRow};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::AttemptId;
use crate::access::{Staff, SupportTeam};
use crate::http::address::{Query, one_of};
use crate::http::position::{Answer, AtLeast};
use crate::http::problem::Problem;
use crate::http::state::AppState;

/// Which rewards are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WantedRewards {
    /// A reward's status, or `unknown` (a partner did not answer), `deferred` (a call was put off)
    /// or `stuck` (it goes no further without a person).
    state: Option<String>,
    /// 1 to 200; 50 when absent.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Rewards, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct SupportRewardList {
    rewards: Vec<SupportReward>,
    /// Where the next page begins, when there is one.
    next_cursor: Option<String>,
}

/// A reward as the support team sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SupportReward {
    /// Which.
    pub(super) reward_id: Uuid,
    /// Whose.
    member_id: Uuid,
    /// The policy's milestone, such as `month_1`.
    milestone_id: String,
    /// What kind of help.
    reward_type: String,
    /// Where it stands.
    status: String,
    /// The partner that was chosen.
    partner_id: Option<String>,
    /// How much: of the voucher, or still owed.
    amount: String,
    /// Of what.
    currency: String,
    /// The voucher's code, masked.
    code_masked: Option<String>,
    /// The last attempt; null before the first.
    attempt: Option<AttemptBody>,
    /// `asked`, `refused` or `voided`, when the voucher was to be taken back.
    void_state: Option<String>,
    /// Who said how the attempt ended, while a second person is awaited.
    first_person: Option<Uuid>,
    /// The last reason that was given by a code.
    last_reason: Option<String>,
    /// Since when it has had this status.
    waits_since: DateTime<Utc>,
    /// For how long that is, in seconds.
    waiting_seconds: i64,
    /// When it was reached.
    created_at: DateTime<Utc>,
}

/// One try to have a partner issue value.
#[derive(Debug, Serialize, ToSchema)]
pub struct AttemptBody {
    /// Its name: what an action acts on.
    #[schema(value_type = String)]
    attempt_id: Option<AttemptId>,
    /// From 1.
    number: i32,
    /// `requested`, `deferred`, `unknown`, `not_found`, `refused`, `attested_not_issued` or
    /// `issued`.
    state: String,
    /// When it began.
    since: Option<DateTime<Utc>>,
}

impl From<SupportRow> for SupportReward {
    fn from(row: SupportRow) -> Self {
        let number = u32::try_from(row.attempt).unwrap_or_default();
        let attempt = row.attempt_state.map(|state| AttemptBody {
            attempt_id: AttemptId::of(RewardId(row.reward_id), number),
            number: row.attempt,
            state,
            since: row.attempt_since,
        });
        Self {
            reward_id: row.reward_id,
            member_id: row.member_id,
            milestone_id: row.milestone_id,
            reward_type: row.reward_type,
            status: row.status,
            partner_id: row.partner_id,
            amount: row.amount.to_string(),
            currency: row.currency,
            code_masked: row.code_masked,
            attempt,
            void_state: row.void_state,
            first_person: row.first_person,
            last_reason: row.last_reason,
            waits_since: row.waits_since,
            waiting_seconds: row.waiting_seconds,
            created_at: row.created_at,
        }
    }
}

/// Rewards of all members, oldest first.
#[utoipa::path(get, path = "/api/support/rewards", tag = "support", params(WantedRewards),
    responses((status = 200, description = "Rewards", body = SupportRewardList)))]
pub async fn list(
    _staff: Staff<SupportTeam>,
    state: Data<AppState>,
    at_least: AtLeast,
    Query(wanted): Query<WantedRewards>,
) -> Result<Answer<SupportRewardList>, Problem> {
    let statuses = RewardStatus::ALL.map(RewardStatus::as_str);
    let words: Vec<&str> = statuses.into_iter().chain(OTHER_STATES).collect();
    let wanted_state = one_of("state", wanted.state, &words)?;
    let page = Page::new(wanted.limit, wanted.cursor)?;
    let position = at_least.wait(&state.shown, &[NAME]).await?;
    let (rows, next_cursor) =
        query::list(&state.read_pool, wanted_state.as_deref(), &page).await?;
    let rewards = rows.into_iter().map(SupportReward::from).collect();
    Ok(Answer::ok(position, SupportRewardList { rewards, next_cursor }))
}
