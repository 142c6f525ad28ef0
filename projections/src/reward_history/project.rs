//! One row for each event of a reward.
//!
//! Rows: R1.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::AnchorEvent;
use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::open_details::open_details;
use crate::projection::{Projection, ProjectionError, Recorded};
use crate::rows::Table;

/// The key of its checkpoint.
pub const NAME: &str = "reward_history";
const TABLE: Table = Table {
    name: "reward_history",
    key: "position",
    columns: &[
        "position",
        "reward_id",
        "event",
        "actor",
        "reason",
        "details",
        "occurred_at",
        "recorded_at",
    ],
};

/// The read model `reward_history`.
pub struct RewardHistory;

#[derive(Debug, Serialize)]
struct Row {
    position: i64,
    reward_id: Uuid,
    event: &'static str,
    actor: String,
    reason: String,
    details: Value,
    occurred_at: DateTime<Utc>,
    recorded_at: DateTime<Utc>,
}

#[async_trait]
impl Projection for RewardHistory {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> i32 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["reward_history"]
    }

    async fn project(
        &self,
        batch: &[Recorded],
        tx: &mut PgConnection,
    ) -> Result<(), ProjectionError> {
        let rows: Vec<Row> = batch.iter().filter_map(row).collect();
        Ok(TABLE.upsert(tx, &rows).await?)
    }
}

fn row(recorded: &Recorded) -> Option<Row> {
    let AnchorEvent::Reward(event) = &recorded.event else { return None };
    let context = recorded.context();
    Some(Row {
        position: recorded.position.0,
        reward_id: recorded.aggregate_id.parse().ok()?,
        event: event.name(),
        actor: context.actor,
        reason: context.reason,
        details: open_details(&recorded.event),
        occurred_at: event.occurred_at(),
        recorded_at: recorded.recorded_at,
    })
}
