//! Writes what events post.
//!
//! Rows: A1, Q3.

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use domain::AnchorEvent;
use domain::money::{Amount, Currency};
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use super::book::balance;
use super::postings::postings_of;
use super::zones::Zones;
use crate::projection::{Projection, ProjectionError, Recorded};
use crate::rows::Table;

/// The key of its checkpoint.
pub const NAME: &str = "journal";
const ZONES: &str = "journal_zones";
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
    /// None where no reward is concerned.
    reward_id: Option<Uuid>,
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
        2
    }

    fn tables(&self) -> &'static [&'static str] {
        &["journal", ZONES]
    }

    async fn project(
        &self,
        batch: &[Recorded],
        tx: &mut PgConnection,
    ) -> Result<(), ProjectionError> {
        let mut zones = Zones::load(ZONES, tx).await?;
        let mut rows: Vec<Row> = Vec::new();
        let mut has_news = false;
        for recorded in batch {
            has_news |= zones.note(recorded);
            rows.extend(rows_of(recorded, &zones)?);
        }
        if has_news {
            zones.keep(ZONES, tx).await?;
        }
        Ok(TABLE.upsert(tx, &rows).await?)
    }
}

fn rows_of(recorded: &Recorded, zones: &Zones) -> Result<Vec<Row>, ProjectionError> {
    let postings = postings_of(&recorded.event);
    if !balance(&postings) {
        let rule = "that debits equal credits";
        return Err(ProjectionError::Broken { rule, position: recorded.position });
    }
    let is_of_reward = matches!(recorded.event, AnchorEvent::Reward(_));
    let reward_id = is_of_reward.then(|| recorded.stream()).transpose()?;
    let effective_on = zones.day(recorded, &postings);
    let rows = (1..)
        .zip(postings)
        .map(|(line, posting)| Row {
            position: recorded.position.0,
            line,
            recorded_at: recorded.recorded_at,
            effective_on,
            reward_id,
            event_type: recorded.event.name(),
            partner_id: posting.partner_id.map(|partner| partner.to_string()),
            currency: posting.currency,
            debit_account: posting.debit_account,
            credit_account: posting.credit_account,
            amount: posting.amount,
        })
        .collect();
    Ok(rows)
}
