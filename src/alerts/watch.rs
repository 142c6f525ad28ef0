//! What is wrong at this moment? One question for each kind of alert.
//!
//! Every question answers with a subject, what is wrong and what to do; nothing in an answer is a
//! secret or says who somebody is. What a question no longer finds is mended.
//!
//! Rows: W4, W6, D1, D3, D4, Q3.

use sqlx::PgPool;

use super::store::Found;

/// So many bad signatures from one address within ten minutes are no mistake any more.
const REPEATED: i64 = 5;
/// An order whose outcome is unknown for so long is for people to know of, in hours of the ledger.
const UNKNOWN_HOURS: i64 = 1;
/// A partner's word that a float is low counts for so long, in days of the ledger.
const FLOAT_DAYS: i64 = 2;

/// The kinds that [`look`] finds; what it does not find of them is mended.
pub const KINDS: &[&str] = &[
    REWARD_FAILED_KIND,
    "outcome_unknown",
    "webhooks_parked",
    "bad_signatures",
    "projection_halted",
    "float_low",
];

/// Nobody gave a reward.
pub const REWARD_FAILED_KIND: &str = "reward_failed";
/// A breaker that is open, seen by the process that keeps it.
pub const BREAKER_OPEN: &str = "breaker_open";

/// Looks at everything.
///
/// # Errors
/// When the database cannot be read: nothing is known then, and nothing mended.
pub async fn look(pool: &PgPool) -> Result<Vec<Found>, sqlx::Error> {
    let mut found = Vec::new();
    for question in [REWARD_FAILED, OUTCOME_UNKNOWN, WEBHOOKS_PARKED, PROJECTION_HALTED] {
        let rows: Vec<Found> = sqlx::query_as(question).fetch_all(pool).await?;
        found.extend(rows);
    }
    let rows = sqlx::query_as(BAD_SIGNATURES).bind(REPEATED).fetch_all(pool).await?;
    found.extend::<Vec<Found>>(rows);
    let rows = sqlx::query_as(FLOAT_LOW).bind(FLOAT_DAYS).fetch_all(pool).await?;
    found.extend::<Vec<Found>>(rows);
    let old = chrono::Duration::hours(UNKNOWN_HOURS);
    found.retain(|one| one.since.is_none_or(|since| one.now - since >= old));
    Ok(found)
}

const REWARD_FAILED: &str = "
SELECT 'reward_failed' AS kind, r.id::text AS subject, NULL::timestamptz AS since,
       ledger_now() AS now,
       format('Nobody gave the %s %s of reward %s', r.reward_amount, r.currency, r.id) AS summary,
       'Look at its history; retry it, send it to another partner, or cancel it.' AS to_do
  FROM read.rewards r WHERE r.status = 'failed' ORDER BY r.id LIMIT 500";

const OUTCOME_UNKNOWN: &str = "
SELECT 'outcome_unknown' AS kind, t.reward_id::text AS subject, h.since AS since,
       ledger_now() AS now,
       format('Nobody knows whether the order of reward %s was carried out', t.reward_id)
         AS summary,
       'Ask the partner; two people settle what it says. Nobody else is asked meanwhile.' AS to_do
  FROM read.reward_todo t
 CROSS JOIN LATERAL (SELECT max(occurred_at) AS since FROM read.reward_history h
                      WHERE h.reward_id = t.reward_id
                        AND h.event = 'IssuanceRequested') h
 WHERE t.step = 'resolve' ORDER BY t.reward_id LIMIT 500";

const WEBHOOKS_PARKED: &str = "
SELECT 'webhooks_parked' AS kind, partner_id AS subject, NULL::timestamptz AS since,
       ledger_now() AS now,
       format('%s webhooks of %s were set aside', count(*), partner_id) AS summary,
       'Read why each was; mend the cause, then retry or dismiss it.' AS to_do
  FROM public.inbox WHERE state = 'parked' GROUP BY partner_id";

const PROJECTION_HALTED: &str = "
SELECT 'projection_halted' AS kind, name AS subject, NULL::timestamptz AS since,
       ledger_now() AS now, format('The read model %s stands still', name) AS summary,
       'Mend what `anchor doctor` names, then `anchor projection resume`.' AS to_do
  FROM public.checkpoints WHERE state = 'halted' AND schema = 'read'";

const BAD_SIGNATURES: &str = "
SELECT 'bad_signatures' AS kind,
       format('%s from %s', coalesce(partner_id, '-'), coalesce(address, 'somewhere')) AS subject,
       NULL::timestamptz AS since, ledger_now() AS now,
       format('%s notices for %s with a bad signature within ten minutes', sum(count),
              coalesce(partner_id, '-')) AS summary,
       'Ask the partner whether its secret changed; if not, close the door to that address.'
         AS to_do
  FROM public.security_events
 WHERE last_at > clock_timestamp() - interval '10 minutes' AND kind LIKE 'signature_%'
 GROUP BY partner_id, address HAVING sum(count) >= $1";

const FLOAT_LOW: &str = "
SELECT 'float_low' AS kind, partner_id AS subject, NULL::timestamptz AS since,
       ledger_now() AS now, format('The float with %s runs low', partner_id) AS summary,
       'Top it up before orders are refused.' AS to_do
  FROM read.partner_activity_log
 WHERE activity_type = 'FloatLowReported' AND partner_id IS NOT NULL
   AND timestamp > ledger_now() - $1 * interval '1 day'
 GROUP BY partner_id";
