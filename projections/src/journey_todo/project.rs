//! Makes a journey due whenever something happened to it.
//!
//! Rows: M4.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::AnchorEvent;
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::projection::{Projection, ProjectionError, Recorded};
use crate::rows::Table;

/// The key of its checkpoint.
pub const NAME: &str = "journey_todo";
const TABLE: Table = Table {
    name: "journey_todo",
    key: "member_id",
    columns: &["member_id", "sequence", "next_at", "lease_owner"],
};

/// The todo table `journey_todo`.
pub struct JourneyTodo;

#[derive(Debug, Serialize)]
struct Row {
    member_id: Uuid,
    sequence: i64,
    next_at: DateTime<Utc>,
    lease_owner: Option<Uuid>,
}

#[async_trait]
impl Projection for JourneyTodo {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> i32 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["journey_todo"]
    }

    fn working_columns(&self) -> &'static [&'static str] {
        &["next_at", "lease_owner"]
    }

    async fn project(
        &self,
        batch: &[Recorded],
        tx: &mut PgConnection,
    ) -> Result<(), ProjectionError> {
        let mut due = BTreeMap::new();
        for recorded in batch {
            let AnchorEvent::Journey(_) = &recorded.event else { continue };
            let Ok(member_id) = recorded.aggregate_id.parse::<Uuid>() else { continue };
            let (sequence, next_at) = (recorded.sequence, recorded.recorded_at);
            due.insert(member_id, Row { member_id, sequence, next_at, lease_owner: None });
        }
        let rows: Vec<Row> = due.into_values().collect();
        Ok(TABLE.upsert(tx, &rows).await?)
    }
}
