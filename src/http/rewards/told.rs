//! Has the member been told of this reward before? Each is new to them once.
//!
//! *Why it is remembered*: the scheduler and the member's own check race to record a milestone,
//! and the member should not notice who was faster. *Why here*: it is about answers that were
//! given, not about rewards; without the table every reward is simply new once more.
//!
//! Rows: M4, Q2.

use domain::ids::RewardId;
use sqlx::PgPool;
use uuid::Uuid;

/// Those of these rewards that the member had not been told of; from here on they have.
///
/// # Errors
/// When the database refuses; nobody was told of anything.
pub async fn not_told_before(
    pool: &PgPool,
    rewards: &[RewardId],
) -> Result<Vec<RewardId>, sqlx::Error> {
    let ids: Vec<Uuid> = rewards.iter().map(|reward| reward.0).collect();
    let new: Vec<Uuid> = sqlx::query_scalar(
        "INSERT INTO public.told_rewards (reward_id) SELECT unnest($1::uuid[])
         ON CONFLICT DO NOTHING RETURNING reward_id",
    )
    .bind(ids)
    .fetch_all(pool)
    .await?;
    Ok(new.into_iter().map(RewardId).collect())
}
