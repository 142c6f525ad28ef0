//! Folds journeys into one row per member.
//!
//! Rows: M1, Q3.

#![deny(clippy::wildcard_enum_match_arm)]

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use domain::AnchorEvent;
use domain::journey::JourneyEvent;
use serde::Serialize;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::projection::{Projection, ProjectionError, Recorded};
use crate::rows::Table;

/// The key of its checkpoint.
pub const NAME: &str = "journeys";
const TABLE: Table = Table {
    name: "journeys",
    key: "member_id",
    columns: &[
        "member_id",
        "started_on",
        "time_zone",
        "journey_number",
        "reported_on",
        "created_at",
        "updated_at",
        "last_position",
    ],
};

/// The read model `journeys`.
pub struct Journeys;

#[derive(Debug, Clone, Serialize, FromRow)]
struct Row {
    member_id: Uuid,
    started_on: NaiveDate,
    time_zone: String,
    journey_number: i32,
    reported_on: NaiveDate,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    last_position: i64,
}

#[async_trait]
impl Projection for Journeys {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> i32 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["journeys"]
    }

    async fn project(
        &self,
        batch: &[Recorded],
        tx: &mut PgConnection,
    ) -> Result<(), ProjectionError> {
        let members: Vec<Uuid> = batch.iter().filter_map(member_of).collect();
        if members.is_empty() {
            return Ok(());
        }
        let stored: Vec<Row> = sqlx::query_as("SELECT * FROM journeys WHERE member_id = ANY($1)")
            .bind(&members)
            .fetch_all(&mut *tx)
            .await?;
        let mut rows: BTreeMap<Uuid, Row> =
            stored.into_iter().map(|row| (row.member_id, row)).collect();
        for recorded in batch {
            if let (Some(member), AnchorEvent::Journey(event)) =
                (member_of(recorded), &recorded.event)
            {
                fold(&mut rows, member, event, recorded);
            }
        }
        let rows: Vec<Row> = rows.into_values().collect();
        Ok(TABLE.upsert(tx, &rows).await?)
    }
}

fn member_of(recorded: &Recorded) -> Option<Uuid> {
    let AnchorEvent::Journey(_) = &recorded.event else { return None };
    recorded.aggregate_id.parse().ok()
}

fn fold(rows: &mut BTreeMap<Uuid, Row>, member: Uuid, event: &JourneyEvent, at: &Recorded) {
    if let JourneyEvent::JourneyStarted(e) = event {
        let row = Row {
            member_id: member,
            started_on: e.started_on,
            time_zone: e.time_zone.name().to_owned(),
            journey_number: number(e.journey_number),
            reported_on: e.reported_on,
            created_at: e.occurred_at,
            updated_at: e.occurred_at,
            last_position: at.position.0,
        };
        rows.insert(member, row);
        return;
    }
    let Some(row) = rows.get_mut(&member) else { return };
    row.updated_at = event.occurred_at();
    row.last_position = at.position.0;
    match event {
        JourneyEvent::JourneyStarted(_) => {}
        JourneyEvent::JourneyCorrected(e) => {
            row.started_on = e.started_on;
            row.reported_on = e.reported_on;
        }
        JourneyEvent::JourneyRestarted(e) => {
            row.started_on = e.started_on;
            row.reported_on = e.reported_on;
            row.journey_number = number(e.journey_number);
        }
        JourneyEvent::TimeZoneChanged(e) => e.time_zone.name().clone_into(&mut row.time_zone),
    }
}

fn number(journey: u32) -> i32 {
    i32::try_from(journey).unwrap_or(i32::MAX)
}
