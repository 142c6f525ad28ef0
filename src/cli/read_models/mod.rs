//! How do operators and finance look after read models? Rebuilt, compared, as they were, and their
//! events that were set aside.

use anyhow::Context as _;
use projections::Projection;
use projections::rebuild::CONNECTIONS;
use sqlx::PgPool;
use std::sync::Arc;

use crate::config;
use crate::database::{self, MigrationState, Role};
use crate::startup::NotServed;

pub(super) mod progress;
pub mod projection;
pub mod rebuild;
pub mod replay;

/// A pool as the owner of the tables, once the schema is the one this program was built for.
///
/// # Errors
/// When the database cannot be reached, or is not migrated to this program's schema.
async fn owner() -> anyhow::Result<PgPool> {
    let url = config::owner_url(&|name| std::env::var(name).ok())?;
    // A pool waits for a server that is not there; one connection says so at once.
    database::connect_one(&url, Role::Owner).await?;
    let pool = database::connect(&url, Role::Owner, CONNECTIONS).await?;
    fits(&pool).await?;
    Ok(pool)
}

/// A pool with the application's rights, under the same condition.
///
/// # Errors
/// As [`owner`].
async fn application() -> anyhow::Result<PgPool> {
    let url = config::database_url(&|name| std::env::var(name).ok())?;
    let pool = database::connect(&url, Role::App, 2).await?;
    fits(&pool).await?;
    Ok(pool)
}

/// Whether the schema is the one this program was built for.
///
/// # Errors
/// [`NotServed`] when it is not.
pub(super) async fn fits(pool: &PgPool) -> anyhow::Result<()> {
    match database::migration_state(pool).await? {
        MigrationState::Current => Ok(()),
        MigrationState::Behind => Err(NotServed::DatabaseBehind.into()),
        MigrationState::Ahead => Err(NotServed::DatabaseAhead.into()),
    }
}

/// The projection of this name.
///
/// # Errors
/// Names those that there are.
fn named(name: &str) -> anyhow::Result<Arc<dyn Projection>> {
    let all = projections::all();
    let names: Vec<&str> = all.iter().map(|projection| projection.name()).collect();
    let unknown = format!("there is no read model {name}; there are {}", names.join(", "));
    all.into_iter().find(|projection| projection.name() == name).context(unknown)
}
