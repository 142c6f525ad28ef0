//! Why was a webhook not received? Because it never came, came to another address, or was not
//! signed with a secret that is known here.

use std::collections::BTreeMap;

use projections::partner_activity_log::query::issuing_for;
use sqlx::PgPool;

use super::Finding;
use crate::inbox::{park, security};

/// A partner that has issued for so long without a word of its own sends to somebody else, in
/// hours.
const SILENT_HOURS: i64 = 24;
const A_DAY_IN_MINUTES: i64 = 1_440;

pub(super) async fn look(pool: &PgPool) -> Result<Vec<Finding>, sqlx::Error> {
    let mut refused: BTreeMap<(String, String), i64> = BTreeMap::new();
    for bad in security::bad_signatures(pool, A_DAY_IN_MINUTES).await? {
        let of = (bad.partner_id.unwrap_or_default(), bad.kind);
        *refused.entry(of).or_default() += bad.count;
    }
    let mut findings: Vec<Finding> = refused.into_iter().map(told).collect();
    let heard = park::heard_from(pool).await?;
    let silent = issuing_for(pool, SILENT_HOURS).await?;
    let public_url = std::env::var("ANCHOR_PUBLIC_URL").unwrap_or_default();
    findings.extend(silent.into_iter().filter(|partner| !heard.contains(partner)).map(
        |partner| {
            let address = format!("{}/api/webhooks/{partner}", public_url.trim_end_matches('/'));
            Finding::new(
                "no_webhook_came",
                format!("{partner} has issued for a day, and no webhook of it ever came"),
                format!("ask the partner whether it sends to {address}, and let it through"),
            )
        },
    ));
    Ok(findings)
}

fn told(((partner, kind), refused): ((String, String), i64)) -> Finding {
    let to_do = match kind.as_str() {
        "signature_stale" => {
            "compare the clocks of both sides: a webhook is good for five minutes"
        }
        "signature_wrong" => {
            "compare its WEBHOOK_SECRET with the partner's; while it changes, give both"
        }
        _ => "ask whether it was the partner, and in which scheme it signs",
    };
    let found = format!("{refused} webhooks for {partner} were refused within a day: {kind}");
    Finding::new("webhooks_refused", found, to_do)
}
