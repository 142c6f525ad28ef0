//! What is said to the database to append, and what do its refusals mean? One call for a whole
//! batch, and one to find out what became of a call whose answer was lost.

use std::time::Instant;

use secrecy::SecretString;
use sqlx::{Connection, Executor, PgConnection, Row};

use super::engine::Append;
use crate::database::{self, DatabaseError, Role};

/// A connection for the engine: plans are made once, because planning every partition anew costs
/// more than any plan could save.
pub(super) async fn connect(url: &SecretString) -> Result<PgConnection, sqlx::Error> {
    let connected = database::connect_one(url, Role::App).await;
    let mut connection = connected.map_err(|error| match error {
        DatabaseError::Unreachable(error) => error,
        DatabaseError::NotAUrl | DatabaseError::Migration(_) => {
            sqlx::Error::Configuration(Box::new(error))
        }
    })?;
    connection.execute("SET plan_cache_mode = force_generic_plan").await?;
    Ok(connection)
}

/// Appends a batch, and answers once it is kept, by the standby as well.
pub(super) async fn append_for_good(
    connection: &mut PgConnection,
    batch: &[Append],
    verify: bool,
) -> Result<Vec<Option<i64>>, sqlx::Error> {
    let begun = Instant::now();
    let outcomes = append(connection, batch, verify).await?;
    database::is_kept(connection, begun).await?;
    Ok(outcomes)
}

/// Appends a batch: the last position of each command, or none where it lost its version check.
async fn append(
    connection: &mut PgConnection,
    batch: &[Append],
    verify: bool,
) -> Result<Vec<Option<i64>>, sqlx::Error> {
    if let [only] = batch
        && let [event] = only.events.as_slice()
        && !verify
    {
        let position: i64 =
            sqlx::query_scalar("SELECT ledger_append_one($1, $2, $3, $4, $5, $6, $7)")
                .bind(only.stream_type)
                .bind(&only.stream_id)
                .bind(only.first)
                .bind(&event.name)
                .bind(&event.version)
                .bind(&event.payload)
                .bind(&*event.metadata)
                .fetch_one(connection)
                .await?;
        return Ok(vec![Some(position)]);
    }
    let columns = Columns::of(batch);
    let row = sqlx::query(
        "SELECT base, lost FROM ledger_append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(verify)
    .bind(&columns.command_types)
    .bind(&columns.command_ids)
    .bind(&columns.firsts)
    .bind(&columns.commands)
    .bind(&columns.types)
    .bind(&columns.ids)
    .bind(&columns.sequences)
    .bind(&columns.names)
    .bind(&columns.versions)
    .bind(&columns.payloads)
    .bind(&columns.metadata)
    .fetch_one(connection)
    .await?;
    let base: i64 = row.try_get(0)?;
    let lost: Option<Vec<i32>> = row.try_get(1)?;
    Ok(last_positions(batch, base, &lost.unwrap_or_default()))
}

fn last_positions(batch: &[Append], base: i64, lost: &[i32]) -> Vec<Option<i64>> {
    let mut reached = base;
    let ordinals = 1_i32..;
    ordinals
        .zip(batch)
        .map(|(ordinal, append)| {
            if lost.contains(&ordinal) {
                return None;
            }
            reached += i64::try_from(append.events.len()).unwrap_or(i64::MAX);
            Some(reached)
        })
        .collect()
}

/// The arrays of `ledger_append`: one entry per command, one per event.
#[derive(Default)]
struct Columns<'a> {
    command_types: Vec<&'a str>,
    command_ids: Vec<&'a str>,
    firsts: Vec<i64>,
    commands: Vec<i32>,
    types: Vec<&'a str>,
    ids: Vec<&'a str>,
    sequences: Vec<i64>,
    names: Vec<&'a str>,
    versions: Vec<&'a str>,
    payloads: Vec<&'a str>,
    metadata: Vec<&'a str>,
}

impl<'a> Columns<'a> {
    fn of(batch: &'a [Append]) -> Self {
        let mut columns = Self::default();
        for (ordinal, append) in (1_i32..).zip(batch) {
            columns.command_types.push(append.stream_type);
            columns.command_ids.push(&append.stream_id);
            columns.firsts.push(append.first);
            for (sequence, event) in (append.first..).zip(&append.events) {
                columns.commands.push(ordinal);
                columns.types.push(append.stream_type);
                columns.ids.push(&append.stream_id);
                columns.sequences.push(sequence);
                columns.names.push(&event.name);
                columns.versions.push(&event.version);
                columns.payloads.push(&event.payload);
                columns.metadata.push(&event.metadata);
            }
        }
        columns
    }
}

const STORED: &str = "SELECT ordinal, last_position FROM ledger_stored($1, $2, $3, $4, $5)";

/// Which of these commands are stored, by their own ids: the last position of each that is.
pub(super) async fn stored(
    connection: &mut PgConnection,
    batch: &[Append],
) -> Result<Vec<Option<i64>>, sqlx::Error> {
    let types: Vec<&str> = batch.iter().map(|append| append.stream_type).collect();
    let ids: Vec<&str> = batch.iter().map(|append| append.stream_id.as_str()).collect();
    let firsts: Vec<i64> = batch.iter().map(|append| append.first).collect();
    let counts: Vec<i64> =
        batch.iter().map(|append| i64::try_from(append.events.len()).unwrap_or(0)).collect();
    let commands: Vec<&str> = batch.iter().map(|append| append.command_id.as_str()).collect();
    let rows = sqlx::query(STORED)
        .bind(types)
        .bind(ids)
        .bind(firsts)
        .bind(counts)
        .bind(commands)
        .fetch_all(connection)
        .await?;
    let mut found = vec![None; batch.len()];
    for row in rows {
        let (ordinal, position): (i32, i64) = (row.try_get(0)?, row.try_get(1)?);
        if let Some(slot) = usize::try_from(ordinal - 1).ok().and_then(|o| found.get_mut(o)) {
            *slot = Some(position);
        }
    }
    Ok(found)
}

/// The last position in the log.
pub(super) async fn head(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    connection.ping().await?;
    sqlx::query_scalar(
        "SELECT coalesce((SELECT last_position FROM ledger_batches
                           ORDER BY first_position DESC LIMIT 1), 0)",
    )
    .fetch_one(connection)
    .await
}

pub(super) fn sqlstate(error: &sqlx::Error) -> Option<String> {
    error.as_database_error()?.code().map(|code| code.into_owned())
}

/// Bad data, a broken constraint or a bound: the same bytes will be refused again.
pub(super) fn refused_for_good(error: &sqlx::Error) -> Option<String> {
    sqlstate(error)
        .filter(|code| ["22", "23", "54", "42"].iter().any(|class| code.starts_with(class)))
}
