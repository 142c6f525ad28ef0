//! Is the log whole, as long as it was, and without anything twice?

use super::{Evidence, ask};

/// I5: positions are dense and follow time, batches account for every event, and nothing of what
/// was there is gone.
///
/// # Errors
/// When the database cannot be asked.
pub async fn the_log_is_sound_and_no_shorter(
    evidence: &Evidence<'_>,
) -> Result<Vec<String>, sqlx::Error> {
    let holes = "SELECT format('position %s follows %s', position, before) FROM (
          SELECT position, recorded_at, lag(position, 1, 0::bigint) OVER w AS before,
                 lag(recorded_at) OVER w AS earlier
            FROM events WINDOW w AS (ORDER BY position)) e
         WHERE position <> before + 1 OR recorded_at < earlier";
    let mut broken = ask(evidence.pool, "I5", holes).await?;
    let batches = "SELECT format('batches hold %s events, the log %s', b, e) FROM (
          SELECT coalesce(sum(last_position - first_position + 1), 0)::bigint AS b
            FROM ledger_batches) x, (SELECT count(*) AS e FROM events) y WHERE b <> e";
    broken.extend(ask(evidence.pool, "I5", batches).await?);
    let head: i64 =
        sqlx::query_scalar("SELECT coalesce(max(last_position), 0) FROM ledger_batches")
            .fetch_one(evidence.pool)
            .await?;
    if head < evidence.head_before {
        broken.push(format!("I5: the log ends at {head}, and ended at {}", evidence.head_before));
    }
    Ok(broken)
}

/// I10: every stream is 1, 2, 3 …, what one command wrote was committed at once, and nothing that
/// can happen once is there twice.
///
/// # Errors
/// When the database cannot be asked.
pub async fn streams_have_no_gap_and_no_event_is_there_twice(
    evidence: &Evidence<'_>,
) -> Result<Vec<String>, sqlx::Error> {
    let gaps = "SELECT format('stream %s has %s events, its last is %s', aggregate_id, count(*),
                              max(sequence))
          FROM events GROUP BY aggregate_type, aggregate_id HAVING max(sequence) <> count(*)";
    let mut broken = ask(evidence.pool, "I10", gaps).await?;
    let commands =
        "SELECT format('command %s wrote to %s %s times', command, aggregate_id, count(*))
          FROM (SELECT DISTINCT metadata->>'command_id' AS command, aggregate_type, aggregate_id,
                       first_position
                  FROM events e
                  JOIN ledger_batches b
                    ON e.position BETWEEN b.first_position AND b.last_position) c
         WHERE command IS NOT NULL GROUP BY command, aggregate_type, aggregate_id
        HAVING count(*) > 1";
    broken.extend(ask(evidence.pool, "I10", commands).await?);
    let twice = "SELECT format('%s twice in %s: %s', event_type, aggregate_id, what) FROM (
          SELECT event_type, aggregate_id,
                 CASE event_type
                   WHEN 'VoucherRedeemed' THEN payload->>'redemption_id'
                   WHEN 'RedemptionReversed' THEN payload->>'redemption_id'
                   WHEN 'IssuanceRequested' THEN payload->>'attempt'
                   WHEN 'VoucherIssued' THEN payload->>'attempt'
                   WHEN 'CreditApplied' THEN payload->>'attempt'
                   WHEN 'MilestoneReached' THEN payload->>'milestone'
                   WHEN 'CreditSettled' THEN payload->>'credit_id'
                   WHEN 'AccountVerified' THEN '' WHEN 'JourneyStarted' THEN '' END AS what
            FROM events) e
         WHERE what IS NOT NULL GROUP BY event_type, aggregate_id, what HAVING count(*) > 1";
    broken.extend(ask(evidence.pool, "I10", twice).await?);
    Ok(broken)
}
