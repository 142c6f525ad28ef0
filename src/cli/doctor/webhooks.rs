//! Why was a webhook not received? Because it never came, came to another address, or was not
//! signed with a secret that is known here.

use sqlx::{FromRow, PgPool};

use super::Finding;

/// A partner that has issued for so long without a word of its own sends to somebody else, in
/// hours.
const SILENT_HOURS: i64 = 24;

#[derive(FromRow)]
struct Refused {
    partner_id: String,
    kind: String,
    refused: i64,
}

const REFUSED: &str = "
SELECT partner_id, kind, sum(count)::bigint AS refused FROM public.security_events
 WHERE last_at > clock_timestamp() - interval '1 day' AND partner_id IS NOT NULL
   AND kind LIKE 'signature_%'
 GROUP BY partner_id, kind ORDER BY partner_id, kind";

const SILENT: &str = "
SELECT l.partner_id FROM partner_activity_log l
 WHERE l.activity_type IN ('VoucherIssued', 'CreditApplied') AND l.partner_id IS NOT NULL
   AND NOT EXISTS (SELECT 1 FROM public.inbox i WHERE i.partner_id = l.partner_id)
 GROUP BY l.partner_id HAVING min(l.created_at) < clock_timestamp() - $1 * interval '1 hour'
 ORDER BY l.partner_id";

pub(super) async fn look(pool: &PgPool) -> Result<Vec<Finding>, sqlx::Error> {
    let refused: Vec<Refused> = sqlx::query_as(REFUSED).fetch_all(pool).await?;
    let mut findings: Vec<Finding> = refused.into_iter().map(told).collect();
    let silent: Vec<String> =
        sqlx::query_scalar(SILENT).bind(SILENT_HOURS).fetch_all(pool).await?;
    let public_url = std::env::var("ANCHOR_PUBLIC_URL").unwrap_or_default();
    findings.extend(silent.into_iter().map(|partner| {
        let address = format!("{}/api/webhooks/{partner}", public_url.trim_end_matches('/'));
        Finding::new(
            "no_webhook_came",
            format!("{partner} has issued for a day, and no webhook of it ever came"),
            format!("ask the partner whether it sends to {address}, and let it through"),
        )
    }));
    Ok(findings)
}

fn told(Refused { partner_id, kind, refused }: Refused) -> Finding {
    let to_do = match kind.as_str() {
        "signature_stale" => {
            "compare the clocks of both sides: a webhook is good for five minutes"
        }
        "signature_wrong" => {
            "compare its WEBHOOK_SECRET with the partner's; while it changes, give both"
        }
        _ => "ask whether it was the partner, and in which scheme it signs",
    };
    let found = format!("{refused} webhooks for {partner_id} were refused within a day: {kind}");
    Finding::new("webhooks_refused", found, to_do)
}
