//! GET: clean days, the journey they belong to, and what comes next.
//!
//! What comes next is named with its day, and never counted down to (M5).
//!
//! Rows: M1, M2, M5, Q2.

use actix_web::web::Data;
use chrono::{Days, NaiveDate};
use domain::clean_days::{clean_days, local_date};
use domain::ids::{MemberId, MilestoneId};
use domain::policy::{Milestone, OncePer};
use projections::journeys::query::JourneyRow;
use projections::{journeys, rewards};
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::Member;
use crate::http::position::{Answer, AtLeast};
use crate::http::problem::Problem;
use crate::http::state::AppState;

/// Where a member stands; all of it is null before a journey was reported.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Progress {
    /// Whole local days since the journey started.
    clean_days: Option<i64>,
    /// The first clean day, as a local date.
    started_on: Option<NaiveDate>,
    /// The zone in whose midnight days begin.
    time_zone: Option<String>,
    /// 1 for the first journey.
    journey_number: Option<i32>,
    /// What comes next, if anything does.
    next_milestone: Option<NextMilestone>,
}

/// A milestone that lies ahead.
#[derive(Debug, Serialize, ToSchema)]
pub struct NextMilestone {
    /// The policy's milestone, such as `month_3`.
    milestone_id: String,
    /// After how many clean days it comes.
    milestone_days: u32,
    /// The local date on which that is.
    on: NaiveDate,
    /// What kind of help it brings.
    #[schema(value_type = String)]
    reward_type: domain::reward::RewardType,
    /// How much, a decimal string.
    #[schema(value_type = String)]
    reward_amount: domain::money::Amount,
    /// Of what.
    #[schema(value_type = String)]
    currency: domain::money::Currency,
}

/// The member's own journey.
#[utoipa::path(get, path = "/api/progress", tag = "progress",
    responses((status = 200, description = "Where the member stands", body = Progress)))]
pub async fn show(
    member: Member,
    state: Data<AppState>,
    at_least: AtLeast,
) -> Result<Answer<Progress>, Problem> {
    let position = at_least.wait(&state.shown, &[journeys::NAME]).await?;
    let Some(journey) = journeys::query::get(&state.read_pool, member.id).await? else {
        return Ok(Answer::ok(position, Progress::default()));
    };
    let next_milestone = next(&state, member.id, &journey).await?;
    let zone = zone_of(&journey);
    let progress = Progress {
        clean_days: Some(clean_days(journey.started_on, zone, state.clock.now())),
        started_on: Some(journey.started_on),
        time_zone: Some(journey.time_zone),
        journey_number: Some(journey.journey_number),
        next_milestone,
    };
    Ok(Answer::ok(position, progress))
}

/// Stored by the ledger's own hand, so it is a zone; UTC only stands in for a damaged row.
fn zone_of(journey: &JourneyRow) -> chrono_tz::Tz {
    journey.time_zone.parse().unwrap_or(chrono_tz::UTC)
}

async fn next(
    state: &AppState,
    member: MemberId,
    journey: &JourneyRow,
) -> Result<Option<NextMilestone>, Problem> {
    let today = local_date(state.clock.now(), zone_of(journey));
    let policy = state.policies.policy_on(today);
    let earned = rewards::query::reached_by(&state.read_pool, member).await?;
    let is_earned = |milestone: &MilestoneId| {
        earned.iter().any(|(earned, number, _)| {
            let counts = policy.once_per == OncePer::Member
                || i64::from(*number) == i64::from(journey.journey_number);
            earned == milestone && counts
        })
    };
    let ahead = |milestone: &&Milestone| {
        let on = journey.started_on.checked_add_days(Days::new(milestone.days.into()));
        on.is_some_and(|on| on > today) && !is_earned(&milestone.id)
    };
    let next = policy.milestones.iter().filter(ahead).min_by_key(|milestone| milestone.days);
    Ok(next.and_then(|milestone| {
        let on = journey.started_on.checked_add_days(Days::new(milestone.days.into()))?;
        Some(NextMilestone {
            milestone_id: milestone.id.to_string(),
            milestone_days: milestone.days,
            on,
            reward_type: milestone.reward_type,
            reward_amount: milestone.amount,
            currency: milestone.currency,
        })
    }))
}
