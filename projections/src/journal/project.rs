//! Writes what events post.
//!
//! Rows: A1, Q3.

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use domain::money::{Amount, Currency};
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use super::postings::{business_day, postings_of};
use crate::projection::{Projection, ProjectionError, Recorded};
use crate::rows::Table;

/// The key of its checkpoint.
pub const NAME: &str = "journal";
const TABLE: Table = Table {
    name: "journal",
    key: "position, line",
    columns: &[
        "position",
        "line",
        "recorded_at",
        "effective_on",
        "reward_id",
        "event_type",
        "partner_id",
        "currency",
        "debit_account",
        "credit_account",
        "amount",
    ],
};

/// The read model `journal`.
pub struct Journal;

#[derive(Debug, Serialize)]
struct Row {
    position: i64,
    line: i32,
    recorded_at: DateTime<Utc>,
    effective_on: NaiveDate,
    reward_id: Uuid,
    event_type: &'static str,
    partner_id: Option<String>,
    currency: Currency,
    debit_account: String,
    credit_account: String,
    amount: Amount,
}

#[async_trait]
impl Projection for Journal {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> i32 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["journal"]
    }

    async fn project(
        &self,
        batch: &[Recorded],
        tx: &mut PgConnection,
    ) -> Result<(), ProjectionError> {
        let rows: Vec<Row> = batch.iter().flat_map(rows_of).collect();
        Ok(TABLE.upsert(tx, &rows).await?)
    }
}

fn rows_of(recorded: &Recorded) -> Vec<Row> {
    let Ok(reward_id) = recorded.aggregate_id.parse() else { return Vec::new() };
    (1..)
        .zip(postings_of(&recorded.event))
        .map(|(line, posting)| Row {
            position: recorded.position.0,
            line,
            recorded_at: recorded.recorded_at,
            effective_on: business_day(recorded),
            reward_id,
            event_type: recorded.event.name(),
            partner_id: posting.partner_id.map(|partner| partner.to_string()),
            currency: posting.currency,
            debit_account: posting.debit_account,
            credit_account: posting.credit_account,
            amount: posting.amount,
        })
        .collect()
}
