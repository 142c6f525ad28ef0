//! Is the database there, does its schema fit this program, and may this role rewrite history?

use secrecy::SecretString;
use sqlx::PgPool;

use super::Finding;
use crate::database::{self, DatabaseError, MigrationState, Role};

/// A pool to look further with, and what was found; without one, why.
pub(super) async fn look(url: &SecretString) -> Result<(PgPool, Vec<Finding>), Vec<Finding>> {
    let owner =
        database::connect(url, Role::Owner, 1).await.map_err(|error| vec![away(&error)])?;
    let state = database::migration_state(&owner).await.map_err(|error| vec![away(&error)])?;
    match state {
        MigrationState::Current => {}
        MigrationState::Behind => {
            return Err(vec![Finding::new(
                "migrations_behind",
                "the database's schema is older than this program",
                "run `anchor migrate`",
            )]);
        }
        MigrationState::Ahead => {
            return Err(vec![Finding::new(
                "migrations_ahead",
                "the database has been migrated by a newer anchor",
                "run that program, or restore a database that fits this one",
            )]);
        }
    }
    let pool = database::connect(url, Role::App, 2).await.map_err(|error| vec![away(&error)])?;
    let mut findings = Vec::new();
    if database::may_rewrite_history(&pool).await.map_err(|error| vec![away(&error)])? {
        findings.push(Finding::new(
            "role_may_rewrite_history",
            "the application's role may change or remove events",
            "take UPDATE, DELETE and TRUNCATE on events away from anchor_app",
        ));
    }
    Ok((pool, findings))
}

fn away(error: &DatabaseError) -> Finding {
    let why = match error {
        DatabaseError::Unreachable(source) => format!("{error}: {source}"),
        DatabaseError::NotAUrl | DatabaseError::Migration(_) => error.to_string(),
    };
    Finding::new(
        "database_unreachable",
        why,
        "see whether the server runs, and whether DATABASE_URL names it, the database and its role",
    )
}
