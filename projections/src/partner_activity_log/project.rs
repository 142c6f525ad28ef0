//! One row for each event, with the partner and the member it concerns.
//!
//! Rows: Q1, R1, C4.

#![deny(clippy::wildcard_enum_match_arm)]

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::AnchorEvent;
use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::open_details::open_details;
use crate::projection::{Poison, Projection, ProjectionError, Recorded};
use crate::rows::Table;

/// The key of its checkpoint.
pub const NAME: &str = "partner_activity_log";
const TABLE: Table = Table {
    name: "partner_activity_log",
    key: "id",
    columns: &[
        "id",
        "position",
        "partner_id",
        "activity_type",
        "details",
        "user_id",
        "timestamp",
        "created_at",
    ],
};

/// The read model `partner_activity_log`.
pub struct PartnerActivityLog;

#[derive(Debug, Serialize)]
struct Row {
    id: Uuid,
    position: i64,
    partner_id: Option<String>,
    activity_type: &'static str,
    details: Value,
    user_id: Option<Uuid>,
    timestamp: DateTime<Utc>,
    created_at: DateTime<Utc>,
}

#[async_trait]
impl Projection for PartnerActivityLog {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> i32 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["partner_activity_log"]
    }

    fn on_poison(&self) -> Poison {
        Poison::Park
    }

    async fn project(
        &self,
        batch: &[Recorded],
        tx: &mut PgConnection,
    ) -> Result<(), ProjectionError> {
        let rows: Vec<Row> = batch.iter().map(row).collect();
        Ok(TABLE.upsert(tx, &rows).await?)
    }
}

fn row(recorded: &Recorded) -> Row {
    let mut details = open_details(&recorded.event);
    let partner_id = concerned_partner(recorded, &details);
    if let Value::Object(fields) = &mut details {
        fields.remove("partner_id");
        let context = recorded.context();
        fields.insert("actor".to_owned(), context.actor.into());
        fields.insert("reason".to_owned(), context.reason.into());
        if let AnchorEvent::Reward(_) = &recorded.event {
            fields.insert("reward_id".to_owned(), recorded.aggregate_id.clone().into());
        }
    }
    Row {
        id: Uuid::new_v5(&Uuid::NAMESPACE_OID, &recorded.position.0.to_be_bytes()),
        position: recorded.position.0,
        partner_id,
        activity_type: recorded.event.name(),
        details,
        user_id: concerned_member(recorded),
        timestamp: recorded.event.occurred_at(),
        created_at: recorded.recorded_at,
    }
}

fn concerned_partner(recorded: &Recorded, details: &Value) -> Option<String> {
    match &recorded.event {
        AnchorEvent::Partner(_) => Some(recorded.aggregate_id.clone()),
        AnchorEvent::Reward(_)
        | AnchorEvent::PartnerAccount(_)
        | AnchorEvent::Member(_)
        | AnchorEvent::PartnerStatement(_)
        | AnchorEvent::Settlement(_) => details["partner_id"].as_str().map(str::to_owned),
        AnchorEvent::Journey(_) | AnchorEvent::Period(_) => None,
    }
}

fn concerned_member(recorded: &Recorded) -> Option<Uuid> {
    match &recorded.event {
        AnchorEvent::Journey(_) | AnchorEvent::Member(_) => recorded.aggregate_id.parse().ok(),
        AnchorEvent::Reward(event) => member_in(serde_json::to_value(event).ok()?),
        AnchorEvent::PartnerAccount(event) => member_in(serde_json::to_value(event).ok()?),
        AnchorEvent::Partner(_)
        | AnchorEvent::PartnerStatement(_)
        | AnchorEvent::Period(_)
        | AnchorEvent::Settlement(_) => None,
    }
}

fn member_in(fields: Value) -> Option<Uuid> {
    fields["member_id"].as_str()?.parse().ok()
}
