//! What happened to one reward, event by event? For whoever has to find out why.

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

/// All of its events, sealed fields left out.
pub async fn history(pool: &PgPool, stream: Uuid) -> String {
    let events: Vec<(i64, i64, DateTime<Utc>, String, String, String)> = sqlx::query_as(
        "SELECT position, sequence, recorded_at, event_type, metadata->>'actor',
                (payload::jsonb - 'code' - 'pin' - 'barcode' - 'eligible_partners'
                 - 'product_rules' - 'account_number' - 'member_id')::text
           FROM events WHERE aggregate_id = $1 ORDER BY sequence",
    )
    .bind(stream.to_string())
    .fetch_all(pool)
    .await
    .unwrap();
    let line = |(position, sequence, at, event, actor, payload): &(i64, i64, _, _, _, String)| {
        let at: &DateTime<Utc> = at;
        let (event, actor): (&String, &String) = (event, actor);
        let at = at.format("%F %T%.3f");
        format!("  {position:>6} {sequence:>3} {at} {event} by {actor}: {payload}\n")
    };
    events.iter().map(line).collect()
}
