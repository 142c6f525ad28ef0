//! Why was a reward not issued? By what each of those that wait is waiting for.

use sqlx::{FromRow, PgPool};

use super::Finding;

/// A reward that has waited for less is on its way.
const WAITS_MINUTES: i64 = 10;

#[derive(FromRow)]
struct Waiting {
    what: String,
    rewards: i64,
}

const QUESTION: &str = "
SELECT CASE
         WHEN t.step = 'choose' THEN 'nobody'
         WHEN t.step = 'issue' THEN 'put_off'
         WHEN t.step = 'resolve' THEN 'unknown'
       END AS what, count(*) AS rewards
  FROM reward_todo t JOIN rewards r ON r.id = t.reward_id
 WHERE t.step IN ('choose', 'issue', 'resolve')
   AND r.created_at < ledger_now() - $1 * interval '1 minute'
 GROUP BY 1 ORDER BY 1";

const BEHIND: &str = "
SELECT count(*) FROM journey_todo WHERE next_at < ledger_now() - $1 * interval '1 minute'";

pub(super) async fn look(pool: &PgPool) -> Result<Vec<Finding>, sqlx::Error> {
    let waiting: Vec<Waiting> =
        sqlx::query_as(QUESTION).bind(WAITS_MINUTES).fetch_all(pool).await?;
    let mut findings: Vec<Finding> = waiting.into_iter().map(told).collect();
    let behind: i64 = sqlx::query_scalar(BEHIND).bind(WAITS_MINUTES).fetch_one(pool).await?;
    if behind > 0 {
        findings.push(Finding::new(
            "milestones_not_looked_at",
            format!("{behind} members' milestones are due and have not been looked at"),
            "see whether an `anchor serve` with workers runs, and what its log says",
        ));
    }
    Ok(findings)
}

fn told(Waiting { what, rewards }: Waiting) -> Finding {
    let (found, to_do) = match what.as_str() {
        "nobody" => (
            "wait for a partner, and none of theirs is available",
            "see which partners are active and answer: `anchor partner list`, and above",
        ),
        "put_off" => (
            "were ordered and put off: their partner was busy or not there",
            "they go on by themselves; look at the partner if it lasts",
        ),
        _ => (
            "were ordered, and nobody knows whether that was carried out",
            "ask the partner; two people settle what it says with `resolve`",
        ),
    };
    Finding::new("rewards_not_issued", format!("{rewards} rewards {found}"), to_do)
}
