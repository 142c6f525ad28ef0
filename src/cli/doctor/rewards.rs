//! Why was a reward not issued? By what each of those that wait is waiting for.

use projections::{journey_todo, support_rewards};
use sqlx::PgPool;

use super::Finding;

/// A reward that has waited for less is on its way.
const WAITS_MINUTES: i64 = 10;

pub(super) async fn look(pool: &PgPool) -> Result<Vec<Finding>, sqlx::Error> {
    let waiting = support_rewards::query::not_issued(pool, WAITS_MINUTES).await?;
    let behind = journey_todo::query::overdue(pool, WAITS_MINUTES).await?;
    let told = [
        (
            waiting.without_partner,
            "rewards_not_issued",
            "rewards wait for a partner, and none of theirs is available",
            "see which partners are active and answer: `anchor partner list`, and above",
        ),
        (
            waiting.put_off,
            "rewards_put_off",
            "rewards were ordered and put off: their partner was busy or not there",
            "they go on by themselves; look at the partner if it lasts",
        ),
        (
            waiting.unknown,
            "rewards_unknown",
            "rewards were ordered, and nobody knows whether that was carried out",
            "ask the partner; two people settle what it says with `resolve`",
        ),
        (
            behind,
            "milestones_not_looked_at",
            "members' milestones are due and have not been looked at",
            "see whether an `anchor serve` with workers runs, and what its log says",
        ),
    ];
    let found = told.into_iter().filter(|(count, ..)| *count > 0);
    Ok(found
        .map(|(count, code, what, to_do)| Finding::new(code, format!("{count} {what}"), to_do))
        .collect())
}
