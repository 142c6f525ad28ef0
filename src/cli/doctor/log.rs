//! Is the log dense? By its book of batches, without reading it.

use domain::ids::Position;
use projections::event_log::{self, ReadError};
use sqlx::PgPool;

use super::Finding;

pub(super) async fn look(pool: &PgPool) -> Result<Vec<Finding>, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let looked = async {
        let head = event_log::whole_head(&mut connection).await?;
        event_log::must_be_there(&mut connection, Position(0), head).await
    };
    match looked.await {
        Ok(_) => Ok(Vec::new()),
        Err(ReadError::Database(error)) => Err(error),
        Err(error) => Ok(vec![Finding::new(
            "log_not_dense",
            error.to_string(),
            "stop writing, keep the database as it is, and compare it with a backup: events or \
             batches were removed, or restored in part",
        )]),
    }
}
