//! Is what is asked the same as what the log says, row by row? A copy built beside answers.
//!
//! Rows and checkpoint of a read model are always of one transaction, so one snapshot shows the
//! live rows at exactly one position. The copy is brought to that position inside the same snapshot
//! and compared there: nothing is held up, however long it takes.
//!
//! *Guarantees*: a difference names the row by its key and the columns that differ, never their
//! contents, which may be somebody's. Columns that workers move by themselves do not count.
//!
//! Rows: A4.

use std::sync::Arc;

use domain::ids::Position;
use serde::Serialize;
use serde_json::Value;
use sqlx::{Connection as _, Executor as _, FromRow, PgConnection, PgPool};

use super::copy::{Copy, at_work, drop_schema};
use super::exclusive::Exclusive;
use super::fill::{fill, one_batch};
use super::{RebuildError, Tell, has_room};
use crate::checkpoint;
use crate::event_log;
use crate::projection::Projection;

/// So many differences of a table are told one by one; all are counted.
const TOLD: i64 = 20;
const BATCH: i64 = 5_000;

/// One projection, compared with a copy built anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Which.
    pub name: &'static str,
    /// The position at which both were looked at.
    pub position: i64,
    /// Rows that are asked.
    pub rows: i64,
    /// Rows that differ, are missing or should not be there.
    pub differing: i64,
    /// The first of them.
    pub differences: Vec<Difference>,
}

/// A row that is not what the log says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromRow)]
pub struct Difference {
    /// The table.
    pub table: String,
    /// Which row.
    pub key: Value,
    /// changed, missing (the log says it, nobody can ask it) or added (the log does not say it).
    pub what: String,
    /// The columns that differ.
    pub columns: Vec<String>,
}

/// Builds copies beside and compares them; the copies are gone afterwards.
///
/// `pool` is one as for [`rebuild`](super::rebuild).
///
/// # Errors
/// When a copy cannot be built. A difference is none.
pub async fn check(
    pool: &PgPool,
    projections: &[Arc<dyn Projection>],
    tell: Tell<'_>,
) -> Result<Vec<Checked>, RebuildError> {
    has_room(pool)?;
    let names: Vec<&str> = projections.iter().map(|projection| projection.name()).collect();
    let held = Exclusive::to_build(pool, &names).await?;
    let checked = check_copies(pool, projections, tell).await;
    held.give_back().await;
    checked
}

async fn check_copies(
    pool: &PgPool,
    projections: &[Arc<dyn Projection>],
    tell: Tell<'_>,
) -> Result<Vec<Checked>, RebuildError> {
    let mut copies = Vec::new();
    for projection in projections {
        checkpoint::ensure(pool, &**projection).await?;
        let copy = Copy::beside(projection.clone(), format!("check_{}", projection.name()))?;
        drop_schema(pool, &copy.schema).await?;
        copy.go_on_or_make(pool).await?;
        copies.push(copy);
    }
    let checked = build_and_compare(pool, &copies, tell).await;
    for copy in &copies {
        drop_schema(pool, &copy.schema).await?;
    }
    checked
}

async fn build_and_compare(
    pool: &PgPool,
    copies: &[Copy],
    tell: Tell<'_>,
) -> Result<Vec<Checked>, RebuildError> {
    let mut live = Vec::new();
    for copy in copies {
        live.push(checkpoint::position(pool, copy.projection.name()).await?);
    }
    // No copy may pass its live one, or there would be no position at which to compare them.
    let together = live.iter().min().copied().unwrap_or_default();
    fill(pool, copies, together, tell).await?;
    let mut checked = Vec::new();
    for (copy, position) in copies.iter().zip(live) {
        fill(pool, std::slice::from_ref(copy), position, tell).await?;
        copy.analyze(pool).await?;
        checked.push(compare(pool, copy).await?);
    }
    Ok(checked)
}

async fn compare(pool: &PgPool, copy: &Copy) -> Result<Checked, RebuildError> {
    let name = copy.projection.name();
    let mut connection = at_work(pool, &copy.schema).await?;
    let mut tx = connection.begin().await?;
    tx.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").await?;
    let position: i64 = sqlx::query_scalar(
        "SELECT position FROM public.checkpoints WHERE name = $1 AND schema = 'read'",
    )
    .bind(name)
    .fetch_one(&mut *tx)
    .await?;
    let mut reached = copy.position(pool).await?.ok_or(RebuildError::Ended)?;
    while reached.0 < position {
        let limit = BATCH.min(position - reached.0);
        let batch = event_log::read_after(&mut tx, reached, limit).await?;
        let next = one_batch(&mut tx, copy, reached, &batch).await?;
        if next == reached {
            let missing = Position(reached.0 + 1);
            return Err(event_log::ReadError::Gap { missing }.into());
        }
        reached = next;
    }
    let mut checked = Checked { name, position, rows: 0, differing: 0, differences: Vec::new() };
    for table in copy.projection.tables() {
        compare_table(&mut tx, copy, table, &mut checked).await?;
    }
    tx.rollback().await?;
    Ok(checked)
}

async fn compare_table(
    tx: &mut PgConnection,
    copy: &Copy,
    table: &str,
    checked: &mut Checked,
) -> Result<(), sqlx::Error> {
    let key = columns(tx, table, "AND a.attnum = ANY (i.indkey)").await?;
    let compared: Vec<String> = columns(tx, table, "")
        .await?
        .into_iter()
        .filter(|column| !copy.projection.working_columns().contains(&column.as_str()))
        .collect();
    let joined = joined(&copy.schema, table, &key, &compared);
    let counted = format!("SELECT count(*), (SELECT count(*) FROM read.{table}) {joined}");
    let (differing, rows): (i64, i64) = sqlx::query_as(&counted).fetch_one(&mut *tx).await?;
    checked.rows += rows;
    checked.differing += differing;
    if differing > 0 {
        let told = told(table, &key, &compared, &joined);
        checked.differences.extend(sqlx::query_as(&told).bind(TOLD).fetch_all(tx).await?);
    }
    Ok(())
}

/// The rows of both that are not the same; a copy without the row has no `there`.
fn joined(schema: &str, table: &str, key: &[String], compared: &[String]) -> String {
    let row = |side: &str| listed(compared, |column| format!("{side}.{}", quoted(column)));
    format!(
        "FROM (SELECT true AS there, * FROM read.{table}) a
         FULL JOIN (SELECT true AS there, * FROM {schema}.{table}) b USING ({})
         WHERE ROW(a.there, {}) IS DISTINCT FROM ROW(b.there, {})",
        listed(key, quoted),
        row("a"),
        row("b")
    )
}

fn told(table: &str, key: &[String], compared: &[String], joined: &str) -> String {
    let keys = listed(key, |column| format!("'{column}', {}", quoted(column)));
    let columns = listed(compared, |name| {
        let column = quoted(name);
        format!("CASE WHEN a.{column} IS DISTINCT FROM b.{column} THEN '{name}' END")
    });
    format!(
        "SELECT '{table}' AS table, jsonb_build_object({keys}) AS key,
                CASE WHEN a.there IS NULL THEN 'missing' WHEN b.there IS NULL THEN 'added'
                     ELSE 'changed' END AS what,
                CASE WHEN a.there AND b.there THEN array_remove(ARRAY[{columns}]::text[], NULL)
                     ELSE '{{}}' END AS columns
         {joined} ORDER BY {} LIMIT $1",
        listed(key, quoted)
    )
}

/// Some columns are called like words of SQL.
fn quoted(column: &str) -> String {
    format!("\"{column}\"")
}

fn listed(columns: &[String], write: impl Fn(&str) -> String) -> String {
    columns.iter().map(|column| write(column)).collect::<Vec<_>>().join(", ")
}

/// The columns of a live table, in their order; those of its primary key with `only`.
async fn columns(
    tx: &mut PgConnection,
    table: &str,
    only: &str,
) -> Result<Vec<String>, sqlx::Error> {
    let statement = format!(
        "SELECT a.attname::text FROM pg_attribute a
           JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
          WHERE a.attrelid = 'read.{table}'::regclass AND a.attnum > 0 AND NOT a.attisdropped
            {only} ORDER BY a.attnum"
    );
    sqlx::query_scalar(&statement).fetch_all(tx).await
}
