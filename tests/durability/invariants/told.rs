//! Is it so, what people and partners were told? And is everybody told who still waits?

use super::{Evidence, ask};

/// I3: the event that every acknowledged command promised is in its stream, and the log is as long
/// as the answer said.
///
/// # Errors
/// When the database cannot be asked.
pub async fn what_was_acknowledged_is_there(
    evidence: &Evidence<'_>,
) -> Result<Vec<String>, sqlx::Error> {
    let streams: Vec<&str> = evidence.acknowledged.iter().map(|a| a.stream.as_str()).collect();
    let events: Vec<&str> = evidence.acknowledged.iter().map(|a| a.event.as_str()).collect();
    let positions: Vec<i64> = evidence.acknowledged.iter().map(|a| a.position).collect();
    let rows: Vec<String> = sqlx::query_scalar(
        "SELECT format('I3: %s x %s was acknowledged up to %s and is %s times in %s', n, event,
                       last, found, stream)
           FROM (SELECT stream, event, count(*) AS n, max(position) AS last
                   FROM unnest($1::text[], $2::text[], $3::bigint[]) AS a(stream, event, position)
                  GROUP BY stream, event) a,
                LATERAL (SELECT count(*) AS found FROM events e
                          WHERE e.aggregate_id = a.stream AND e.event_type = a.event) e
          WHERE found < n
             OR last > (SELECT coalesce(max(last_position), 0) FROM ledger_batches)",
    )
    .bind(streams)
    .bind(events)
    .bind(positions)
    .fetch_all(evidence.pool)
    .await?;
    Ok(rows)
}

/// I4: every webhook that was answered with a yes is in the inbox, once.
///
/// # Errors
/// When the database cannot be asked.
pub async fn notices_that_were_taken_are_kept_once(
    evidence: &Evidence<'_>,
) -> Result<Vec<String>, sqlx::Error> {
    let partners: Vec<&str> = evidence.taken.iter().map(|taken| taken.partner.as_str()).collect();
    let ids: Vec<&str> = evidence.taken.iter().map(|taken| taken.id.as_str()).collect();
    let rows: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT format('I4: %s of %s was taken and is in the inbox %s times', id, partner,
                                count)
           FROM unnest($1::text[], $2::text[]) AS t(partner, id),
                LATERAL (SELECT count(*) FROM inbox
                          WHERE partner_id = t.partner AND external_id = t.id) AS kept
          WHERE count <> 1",
    )
    .bind(partners)
    .bind(ids)
    .fetch_all(evidence.pool)
    .await?;
    Ok(rows)
}

/// I9: every reward has come to rest, waits for its member, or people are told of it; and nothing
/// that a partner told waits without a reason.
///
/// # Errors
/// When the database cannot be asked.
pub async fn every_reward_is_final_or_alarmed(
    evidence: &Evidence<'_>,
) -> Result<Vec<String>, sqlx::Error> {
    let rewards = "SELECT format('reward %s is %s, and nobody is told', r.id, r.status)
          FROM read.rewards r
         WHERE r.status IN ('pending', 'processing', 'failed')
           AND NOT EXISTS (SELECT FROM alerts a
                            WHERE a.subject = r.id::text AND a.resolved_at IS NULL)";
    let mut broken = ask(evidence.pool, "I9", rewards).await?;
    let notices = "SELECT format('%s of %s is %s: %s', kind, partner_id, state, reason)
          FROM inbox i
         WHERE state = 'new' OR state = 'parked'
           AND NOT EXISTS (SELECT FROM alerts a
                            WHERE a.kind = 'webhooks_parked' AND a.subject = i.partner_id
                              AND a.resolved_at IS NULL)";
    broken.extend(ask(evidence.pool, "I9", notices).await?);
    Ok(broken)
}
