//! Folds a partner's events into its row.
//!
//! Rows: P1, P6, Q1.

#![deny(clippy::wildcard_enum_match_arm)]

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::AnchorEvent;
use domain::partner::{PartnerDetails, PartnerEvent};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::projection::{Projection, ProjectionError, Recorded};
use crate::rows::Table;

/// The key of its checkpoint.
pub const NAME: &str = "partners";
const TABLE: Table = Table {
    name: "partners",
    key: "id",
    columns: &[
        "id",
        "partner_id",
        "name",
        "type",
        "status",
        "onboarding_state",
        "config",
        "capabilities",
        "created_at",
        "updated_at",
        "last_position",
    ],
};

/// The read model `partners`.
pub struct Partners;

#[derive(Debug, Clone, Serialize, FromRow)]
struct Row {
    id: Uuid,
    partner_id: String,
    name: String,
    #[serde(rename = "type")]
    #[sqlx(rename = "type")]
    partner_type: String,
    status: String,
    onboarding_state: String,
    config: Value,
    capabilities: Vec<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    last_position: i64,
}

#[async_trait]
impl Projection for Partners {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> i32 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["partners"]
    }

    async fn project(
        &self,
        batch: &[Recorded],
        tx: &mut PgConnection,
    ) -> Result<(), ProjectionError> {
        let ids: Vec<&str> = batch.iter().filter_map(of_partner).map(|(id, _)| id).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let stored: Vec<Row> = sqlx::query_as("SELECT * FROM partners WHERE partner_id = ANY($1)")
            .bind(&ids)
            .fetch_all(&mut *tx)
            .await?;
        let mut rows: BTreeMap<String, Row> =
            stored.into_iter().map(|row| (row.partner_id.clone(), row)).collect();
        for recorded in batch {
            if let Some((id, event)) = of_partner(recorded) {
                fold(&mut rows, id, event, recorded);
            }
        }
        let rows: Vec<Row> = rows.into_values().collect();
        Ok(TABLE.upsert(tx, &rows).await?)
    }
}

fn of_partner(recorded: &Recorded) -> Option<(&str, &PartnerEvent)> {
    let AnchorEvent::Partner(event) = &recorded.event else { return None };
    Some((&recorded.aggregate_id, event))
}

fn fold(rows: &mut BTreeMap<String, Row>, id: &str, event: &PartnerEvent, at: &Recorded) {
    if let PartnerEvent::PartnerRegistered(e) = event {
        rows.insert(id.to_owned(), first_row(id, &e.details, at));
        return;
    }
    let Some(row) = rows.get_mut(id) else { return };
    row.updated_at = at.recorded_at;
    row.last_position = at.position.0;
    match event {
        PartnerEvent::PartnerDetailsChanged(e) => describe(row, &e.details),
        PartnerEvent::PartnerActivated(_) => {
            "active".clone_into(&mut row.status);
            "live".clone_into(&mut row.onboarding_state);
        }
        PartnerEvent::PartnerSuspended(_) => "suspended".clone_into(&mut row.status),
        PartnerEvent::PartnerDeactivated(_) => "inactive".clone_into(&mut row.status),
        PartnerEvent::OnboardingStepPassed(_) | PartnerEvent::PartnerCertified(_) => {
            // Of one that is live already it says nothing new.
            if row.onboarding_state == "registered" {
                "onboarding".clone_into(&mut row.onboarding_state);
            }
        }
        PartnerEvent::PartnerRegistered(_)
        | PartnerEvent::PartnerCredentialsChanged(_)
        | PartnerEvent::FloatLowReported(_) => {}
    }
}

fn first_row(id: &str, details: &PartnerDetails, at: &Recorded) -> Row {
    let mut row = Row {
        id: Uuid::new_v5(&Uuid::NAMESPACE_OID, id.as_bytes()),
        partner_id: id.to_owned(),
        name: String::new(),
        partner_type: String::new(),
        status: "pending".to_owned(),
        onboarding_state: "registered".to_owned(),
        config: Value::Null,
        capabilities: Vec::new(),
        created_at: at.event.occurred_at(),
        updated_at: at.recorded_at,
        last_position: at.position.0,
    };
    describe(&mut row, details);
    row
}

fn describe(row: &mut Row, details: &PartnerDetails) {
    row.name.clone_from(&details.name);
    row.partner_type = json!(details.partner_type).as_str().unwrap_or_default().to_owned();
    row.capabilities.clone_from(&details.capabilities);
    row.config = json!({
        "protocol": details.protocol,
        "products": details.products,
        "funding_model": details.funding_model,
        "time_zone": details.time_zone,
        "web": details.web,
        "phone": details.phone,
    });
}
