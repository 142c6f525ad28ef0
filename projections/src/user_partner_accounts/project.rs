//! Folds links into their rows.
//!
//! Rows: R4, Q1, C4.

#![deny(clippy::wildcard_enum_match_arm)]

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::AnchorEvent;
use domain::partner_account::{AccountLinkRequested, PartnerAccountEvent, VerificationStatus};
use serde::Serialize;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::projection::{Projection, ProjectionError, Recorded};
use crate::rows::Table;

/// The key of its checkpoint.
pub const NAME: &str = "user_partner_accounts";
const TABLE: Table = Table {
    name: "user_partner_accounts",
    key: "id",
    columns: &[
        "id",
        "user_id",
        "partner_id",
        "link_number",
        "account_type",
        "account_number",
        "account_masked",
        "account_tag",
        "linked_at",
        "verification_status",
        "created_at",
        "updated_at",
        "last_position",
    ],
};

/// The read model `user_partner_accounts`.
pub struct UserPartnerAccounts;

#[derive(Debug, Clone, Serialize, FromRow)]
struct Row {
    id: Uuid,
    user_id: Uuid,
    partner_id: String,
    link_number: i32,
    account_type: String,
    account_number: String,
    account_masked: String,
    account_tag: String,
    linked_at: DateTime<Utc>,
    verification_status: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    last_position: i64,
}

#[async_trait]
impl Projection for UserPartnerAccounts {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> i32 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["user_partner_accounts"]
    }

    async fn project(
        &self,
        batch: &[Recorded],
        tx: &mut PgConnection,
    ) -> Result<(), ProjectionError> {
        let ids: Vec<Uuid> = batch.iter().filter_map(of_account).map(|(id, _)| id).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let stored: Vec<Row> =
            sqlx::query_as("SELECT * FROM user_partner_accounts WHERE id = ANY($1)")
                .bind(&ids)
                .fetch_all(&mut *tx)
                .await?;
        let mut rows: BTreeMap<Uuid, Row> = stored.into_iter().map(|row| (row.id, row)).collect();
        for recorded in batch {
            let Some((id, event)) = of_account(recorded) else { continue };
            if let PartnerAccountEvent::AccountLinkRequested(e) = event {
                rows.insert(id, first_row(id, e, recorded));
            } else if let Some(row) = rows.get_mut(&id) {
                if let Some(status) = status_after(event) {
                    status.as_str().clone_into(&mut row.verification_status);
                }
                row.updated_at = recorded.recorded_at;
                row.last_position = recorded.position.0;
            }
        }
        let rows: Vec<Row> = rows.into_values().collect();
        Ok(TABLE.upsert(tx, &rows).await?)
    }
}

fn of_account(recorded: &Recorded) -> Option<(Uuid, &PartnerAccountEvent)> {
    let AnchorEvent::PartnerAccount(event) = &recorded.event else { return None };
    Some((recorded.aggregate_id.parse().ok()?, event))
}

fn first_row(id: Uuid, e: &AccountLinkRequested, recorded: &Recorded) -> Row {
    Row {
        id,
        user_id: e.member_id.0,
        partner_id: e.partner_id.to_string(),
        link_number: i32::try_from(e.link_number).unwrap_or(i32::MAX),
        account_type: e.account_type.clone(),
        account_number: e.account_number.clone().into(),
        account_masked: e.account_masked.clone(),
        account_tag: e.account_tag.clone(),
        linked_at: e.occurred_at,
        verification_status: VerificationStatus::Pending.to_string(),
        created_at: e.occurred_at,
        updated_at: recorded.recorded_at,
        last_position: recorded.position.0,
    }
}

fn status_after(event: &PartnerAccountEvent) -> Option<VerificationStatus> {
    match event {
        PartnerAccountEvent::AccountLinkRequested(_) | PartnerAccountEvent::AccountLinked(_) => {
            Some(VerificationStatus::Pending)
        }
        PartnerAccountEvent::AccountVerified(_) => Some(VerificationStatus::Verified),
        PartnerAccountEvent::AccountRefused(_) => Some(VerificationStatus::Refused),
        PartnerAccountEvent::RelinkNeeded(_) => Some(VerificationStatus::RelinkNeeded),
        PartnerAccountEvent::AccountUnlinked(_) => Some(VerificationStatus::Unlinked),
        PartnerAccountEvent::BillGenerated(_)
        | PartnerAccountEvent::PaymentReceived(_)
        | PartnerAccountEvent::LowBalanceReported(_) => None,
    }
}
