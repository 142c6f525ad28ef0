//! What waits for a person? Webhooks that were set aside, and rewards that go no further by
//! themselves.

use projections::reward_todo;
use sqlx::PgPool;

use super::Finding;
use crate::inbox;

pub(super) async fn look(pool: &PgPool) -> Result<Vec<Finding>, sqlx::Error> {
    let mut findings = Vec::new();
    let parked = inbox::park::count_parked(pool).await?;
    if parked > 0 {
        findings.push(Finding::new(
            "webhooks_parked",
            format!("{parked} webhooks were set aside"),
            "look at GET /api/support/webhooks?state=parked, mend the cause, and retry or dismiss \
             each",
        ));
    }
    let waiting = reward_todo::query::waiting_for_people(pool).await?;
    if waiting > 0 {
        findings.push(Finding::new(
            "rewards_waiting",
            format!("{waiting} rewards wait for a person"),
            "look at GET /api/support/rewards, and retry, redirect, resolve or cancel each",
        ));
    }
    Ok(findings)
}
