//! Does any read model stand still, lag, miss events, or wait for a rebuild?

use projections::runner::{self, ProjectionStatus};
use sqlx::PgPool;

use super::Finding;

const LONGEST_LAG_SECONDS: i64 = 30;

pub(super) async fn look(pool: &PgPool) -> Result<Vec<Finding>, sqlx::Error> {
    let all = runner::status(pool).await?;
    let mut findings: Vec<Finding> =
        all.iter().filter(|status| status.is_asked()).flat_map(wrong_with).collect();
    for projection in projections::all() {
        let name = projection.name();
        if !all.iter().any(|status| status.name == name && status.is_asked()) {
            findings.push(Finding::new(
                "projection_not_begun",
                format!("{name} has not been begun"),
                "start `anchor serve` with workers",
            ));
        }
    }
    Ok(findings)
}

fn wrong_with(status: &ProjectionStatus) -> Vec<Finding> {
    let ProjectionStatus { name, position, lag_positions, lag_seconds, parked, .. } = status;
    let why = status.error.as_deref().unwrap_or("no reason is known");
    let mut findings = Vec::new();
    if status.state == "halted" {
        findings.push(Finding::new(
            "projection_halted",
            format!("{name} has halted after position {position}: {why}"),
            format!("mend the cause, then `anchor projection resume {name}`"),
        ));
    } else if status.needs_rebuild {
        findings.push(Finding::new(
            "projection_needs_rebuild",
            format!("{name} has rows of version {}, not of this program's", status.version),
            format!("run `anchor rebuild {name}`, with the newest program you run"),
        ));
    } else if *lag_seconds > LONGEST_LAG_SECONDS {
        findings.push(Finding::new(
            "projection_behind",
            format!("{name} is {lag_positions} events and {lag_seconds} seconds behind: {why}"),
            "see whether an `anchor serve` with workers runs, and what its log says",
        ));
    }
    if *parked > 0 {
        findings.push(Finding::new(
            "projection_parked",
            format!("{name} has set {parked} events aside"),
            format!(
                "`anchor projection list` says why; mend it, then `anchor projection retry {name}`"
            ),
        ));
    }
    findings
}
