//! Writes down which months are closed.
//!
//! Rows: A6, Q3.

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use domain::AnchorEvent;
use domain::period::{PeriodEvent, Span};
use serde::Serialize;
use sqlx::PgConnection;

use crate::projection::{Projection, ProjectionError, Recorded};
use crate::rows::Table;

/// The key of its checkpoint.
pub const NAME: &str = "periods";
const TABLE: Table = Table {
    name: "periods",
    key: "month",
    columns: &[
        "month",
        "last_day",
        "position",
        "digest",
        "closed_at",
        "closed_by",
        "last_position",
    ],
};

/// The read model `periods`.
pub struct Periods;

#[derive(Debug, Serialize)]
struct Row<'a> {
    month: &'a str,
    last_day: NaiveDate,
    position: i64,
    digest: &'a str,
    closed_at: DateTime<Utc>,
    closed_by: String,
    last_position: i64,
}

#[async_trait]
impl Projection for Periods {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> i32 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["periods"]
    }

    async fn project(
        &self,
        batch: &[Recorded],
        tx: &mut PgConnection,
    ) -> Result<(), ProjectionError> {
        let rows: Vec<Row<'_>> = batch
            .iter()
            .map(row_of)
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .flatten()
            .collect();
        Ok(TABLE.upsert(tx, &rows).await?)
    }
}

fn row_of(recorded: &Recorded) -> Result<Option<Row<'_>>, ProjectionError> {
    let AnchorEvent::Period(PeriodEvent::PeriodClosed(e)) = &recorded.event else {
        return Ok(None);
    };
    let broken =
        ProjectionError::Broken { rule: "that a period is a month", position: recorded.position };
    let month: Span = e.month.parse().map_err(|_| broken)?;
    Ok(Some(Row {
        month: &e.month,
        last_day: month.last(),
        position: e.position.0,
        digest: &e.digest,
        closed_at: e.occurred_at,
        closed_by: recorded.context().actor,
        last_position: recorded.position.0,
    }))
}
