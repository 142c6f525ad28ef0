//! Where do rows go that are built beside the live ones? Into tables of the same shape, in a schema
//! of their own.
//!
//! The live tables are the pattern, so that migrations stay the one place where a read model's
//! shape is written. Projections name their tables without a schema, and find them by the search
//! path.
//!
//! *Why indexes are not taken along by `LIKE`*: it would give them names of its own, and a later
//! migration that names one would not find it after the swap. *Why no views on read models*: a view
//! follows the table it was made on, and would show the retired one.
//!
//! Rows: A4, Q3.

use std::sync::Arc;

use domain::ids::Position;
use sqlx::pool::PoolConnection;
use sqlx::{Executor as _, PgConnection, PgPool, Postgres};

use super::RebuildError;
use crate::projection::Projection;

/// What makes a table like the live one, besides its columns and checks.
const LIKE_THE_LIVE_ONE: &str = "
SELECT format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', $1::text, $2::text, c.conname,
              pg_get_constraintdef(c.oid))
  FROM pg_constraint c
 WHERE c.conrelid = format('read.%I', $2)::regclass AND c.contype IN ('p', 'u', 'x')
 UNION ALL
SELECT replace(pg_get_indexdef(i.indexrelid), format(' ON read.%I ', $2),
               format(' ON %I.%I ', $1, $2))
  FROM pg_index i
 WHERE i.indrelid = format('read.%I', $2)::regclass
   AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
 UNION ALL
SELECT format('ALTER TABLE %I.%I SET (%s)', $1, $2, array_to_string(t.reloptions, ', '))
  FROM pg_class t WHERE t.oid = format('read.%I', $2)::regclass AND t.reloptions IS NOT NULL
 UNION ALL
SELECT format('GRANT %s ON %I.%I TO %I', string_agg(a.privilege_type, ', '), $1, $2,
              a.grantee::regrole::text)
  FROM pg_class t, aclexplode(t.relacl) a
 WHERE t.oid = format('read.%I', $2)::regclass AND a.grantee NOT IN (0, t.relowner)
 GROUP BY a.grantee";

/// A copy of a read model that nobody asks yet.
#[derive(Clone)]
pub(crate) struct Copy {
    pub projection: Arc<dyn Projection>,
    pub schema: String,
}

impl Copy {
    /// A copy in `schema`, which may not be there yet.
    pub fn beside(projection: Arc<dyn Projection>, schema: String) -> Result<Self, RebuildError> {
        if is_a_name(&schema) {
            Ok(Self { projection, schema })
        } else {
            Err(RebuildError::BadSchema(schema))
        }
    }

    /// Where it stands; nothing without one of the projection's version.
    pub async fn position(&self, pool: &PgPool) -> Result<Option<Position>, sqlx::Error> {
        let found: Option<i64> = sqlx::query_scalar(
            "SELECT position FROM public.checkpoints
              WHERE name = $1 AND schema = $2 AND version = $3 AND state = 'building'",
        )
        .bind(self.projection.name())
        .bind(&self.schema)
        .bind(self.projection.version())
        .fetch_optional(pool)
        .await?;
        Ok(found.map(Position))
    }

    /// Goes on with an unfinished copy of the same version, or makes it anew; says whether it goes
    /// on.
    pub async fn go_on_or_make(&self, pool: &PgPool) -> Result<bool, RebuildError> {
        if self.position(pool).await?.is_some() {
            return Ok(true);
        }
        drop_schema(pool, &self.schema).await?;
        make_schema(pool, &self.schema).await?;
        self.make_tables(pool).await?;
        Ok(false)
    }

    /// Makes its tables and its checkpoint, both or neither.
    pub async fn make_tables(&self, pool: &PgPool) -> Result<(), sqlx::Error> {
        use sqlx::Connection as _;
        let mut connection = at_work(pool, &self.schema).await?;
        let mut tx = connection.begin().await?;
        for table in self.projection.tables() {
            make_table(&mut tx, &self.schema, table).await?;
        }
        sqlx::query(
            "INSERT INTO public.checkpoints (name, schema, version, state)
             VALUES ($1, $2, $3, 'building')",
        )
        .bind(self.projection.name())
        .bind(&self.schema)
        .bind(self.projection.version())
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }

    /// Counts what is there, so that the first questions get good plans.
    pub async fn analyze(&self, pool: &PgPool) -> Result<(), sqlx::Error> {
        let mut connection = at_work(pool, &self.schema).await?;
        for table in self.projection.tables() {
            connection.execute(format!("ANALYZE {}.{table}", self.schema).as_str()).await?;
        }
        Ok(())
    }
}

async fn make_table(tx: &mut PgConnection, schema: &str, table: &str) -> Result<(), sqlx::Error> {
    let columns = format!(
        "CREATE TABLE {schema}.{table} (LIKE read.{table} INCLUDING ALL EXCLUDING INDEXES)"
    );
    tx.execute(columns.as_str()).await?;
    let rest: Vec<String> =
        sqlx::query_scalar(LIKE_THE_LIVE_ONE).bind(schema).bind(table).fetch_all(&mut *tx).await?;
    for statement in rest {
        tx.execute(statement.as_str()).await?;
    }
    Ok(())
}

/// A connection that works in `schema` as the owner of read models. What is built can be built
/// again, so its commits need not wait for the disk.
pub(crate) async fn at_work(
    pool: &PgPool,
    schema: &str,
) -> Result<PoolConnection<Postgres>, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let set_up = format!(
        "SET ROLE anchor_owner; SET search_path = {schema}, public; SET timezone = 'UTC';
         SET statement_timeout = 0; SET lock_timeout = 0; SET synchronous_commit = off;
         SET idle_in_transaction_session_timeout = 0"
    );
    connection.execute(set_up.as_str()).await?;
    Ok(connection)
}

/// Makes a schema for the owner of read models, as whoever may make one.
pub(crate) async fn make_schema(pool: &PgPool, schema: &str) -> Result<(), sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let statement = format!("RESET ROLE; CREATE SCHEMA {schema} AUTHORIZATION anchor_owner");
    connection.execute(statement.as_str()).await?;
    Ok(())
}

/// Removes a copy's schema with all that is in it and is said of it, if it is there.
pub(crate) async fn drop_schema(pool: &PgPool, schema: &str) -> Result<(), sqlx::Error> {
    use sqlx::Connection as _;
    let mut connection = at_work(pool, schema).await?;
    let mut tx = connection.begin().await?;
    sqlx::query("DELETE FROM public.checkpoints WHERE schema = $1 AND schema <> 'read'")
        .bind(schema)
        .execute(&mut *tx)
        .await?;
    tx.execute(format!("DROP SCHEMA IF EXISTS {schema} CASCADE").as_str()).await?;
    tx.commit().await
}

/// Whether a schema may be called so: it stands in statements as it is.
pub(crate) fn is_a_name(schema: &str) -> bool {
    let is_first = |c: char| c.is_ascii_lowercase() || c == '_';
    (1..=63).contains(&schema.len())
        && schema.starts_with(is_first)
        && schema.chars().all(|c| is_first(c) || c.is_ascii_digit())
}
