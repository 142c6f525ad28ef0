//! A read model that notices everything: what was left out, what came twice, what came in another
//! order.

use async_trait::async_trait;
use projections::projection::{Projection, ProjectionError, Recorded};
use sqlx::{Executor, PgConnection, PgPool};

/// For each stream, how many events it has and a digest that folds their positions in.
pub struct Kept;

impl Kept {
    /// Makes its table.
    pub async fn prepare(pool: &PgPool) {
        let table = "CREATE TABLE kept (stream text PRIMARY KEY, events bigint, digest text)";
        pool.execute(table).await.unwrap();
    }

    /// What its rows come to.
    pub async fn digest(pool: &PgPool) -> (i64, String) {
        let rows = "SELECT coalesce(sum(events), 0)::bigint,
                           md5(coalesce(string_agg(k::text, ';' ORDER BY stream), ''))
                      FROM kept k";
        sqlx::query_as(rows).fetch_one(pool).await.unwrap()
    }
}

#[async_trait]
impl Projection for Kept {
    fn name(&self) -> &'static str {
        "kept"
    }

    fn version(&self) -> i32 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["kept"]
    }

    async fn project(
        &self,
        batch: &[Recorded],
        tx: &mut PgConnection,
    ) -> Result<(), ProjectionError> {
        for event in batch {
            sqlx::query(
                "INSERT INTO kept VALUES ($1, 1, md5($2::text))
                 ON CONFLICT (stream) DO UPDATE SET events = kept.events + 1,
                   digest = md5(kept.digest || $2::text)",
            )
            .bind(&event.aggregate_id)
            .bind(event.position.0)
            .execute(&mut *tx)
            .await?;
        }
        Ok(())
    }
}
