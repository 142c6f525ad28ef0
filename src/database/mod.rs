//! As whom does this process speak to Postgres, and does the schema fit?
//!
//! Every pooled connection takes on one role and that role's limits as soon as it is made, so no
//! query can run with more rights than its pool was meant to have.
//!
//! *What a server shows may not be kept*: one that was killed while a commit waited for its standby
//! shows that commit once it is back, though no other server has it. So every connection that is
//! for writing begins with a commit of its own, and counts once that is acknowledged: the standby
//! then has all that this server shows. A server whose standby was promoted acknowledges nothing.
//!
//! - [`alone`]: the right to do something that one process does at a time
//! - [`servers`]: several servers by one URL, and which of them takes what is written
//!
//! Rows: D6, C4. Cases: C20.

use std::time::{Duration, Instant};

use secrecy::SecretString;
use sqlx::migrate::{Migrate, Migrator};
use sqlx::postgres::{PgConnection, PgPoolOptions};
use sqlx::{Connection, Executor, PgPool};

mod alone;
mod servers;

use servers::Servers;

pub use alone::Alone;

/// Every step of the schema.
pub static MIGRATOR: Migrator = sqlx::migrate!("./migrations");

/// Longer than a statement may take, so that who waits behind a slow one still gets a turn, and
/// well within what a request may take.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// Nobody waits for an answer who rebuilds or migrates: they may wait for a busy server.
const OWNERS_ACQUIRE_TIMEOUT: Duration = Duration::from_secs(60);
/// So long a new connection may take until its first commit is acknowledged. A server whose standby
/// is gone never does.
const FIRST_COMMIT: Duration = Duration::from_secs(3);
/// A commit that took longer may have been told to wait for its standby no longer.
const SUSPICIOUS: Duration = Duration::from_millis(500);
/// A connection that was used so recently is not asked whether it is still alive: that would double
/// the round trips of a busy pool.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// As whom a connection acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Appends events through the ledger's functions, writes read models and work tables.
    App,
    /// Only reads; no statement time-out.
    Read,
    /// Sees keys, secrets and tokens, and nothing else.
    Keys,
    /// Whoever the URL names: migrations and clocks.
    Owner,
}

impl Role {
    fn acquire_timeout(self) -> Duration {
        match self {
            Self::App | Self::Read | Self::Keys => ACQUIRE_TIMEOUT,
            Self::Owner => OWNERS_ACQUIRE_TIMEOUT,
        }
    }

    fn set_up(self) -> &'static str {
        match self {
            Self::App => {
                "SET ROLE anchor_app; SET search_path = read, public; SET timezone = 'UTC';
                 SET statement_timeout = '5s'; SET lock_timeout = '2s';
                 SET idle_in_transaction_session_timeout = '5s';
                 SELECT pg_logical_emit_message(true, 'anchor', '')"
            }
            Self::Read => {
                "SET ROLE anchor_read; SET search_path = read, public; SET timezone = 'UTC';
                 SET default_transaction_read_only = on"
            }
            Self::Keys => {
                "SET ROLE anchor_keys; SET search_path = keys, public; SET timezone = 'UTC';
                 SET statement_timeout = '5s'; SET lock_timeout = '2s';
                 SET idle_in_transaction_session_timeout = '5s';
                 SELECT pg_logical_emit_message(true, 'anchor', '')"
            }
            Self::Owner => "SET search_path = public, read; SET timezone = 'UTC'",
        }
    }
}

/// A pool whose connections all act as `role`.
///
/// # Errors
/// When the URL is none, or the server cannot be reached or has no such role.
pub async fn connect(
    url: &SecretString,
    role: Role,
    max_connections: u32,
) -> Result<PgPool, DatabaseError> {
    let servers = Servers::named_by(url)?;
    let known = servers.clone();
    let pool = PgPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(role.acquire_timeout())
        .test_before_acquire(false)
        .before_acquire(|connection, of| {
            Box::pin(async move {
                if of.idle_for > TRUSTED_FOR {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .after_connect(move |connection, _| {
            // Held as long as the pool is: who seeks the right server seeks for somebody.
            let _known = known.clone();
            Box::pin(take_up(connection, role))
        })
        .connect_with(servers.present(role).await?)
        .await?;
    servers.lead(&pool);
    Ok(pool)
}

/// One connection of its own, acting as `role`.
///
/// # Errors
/// As [`connect`].
pub async fn connect_one(url: &SecretString, role: Role) -> Result<PgConnection, DatabaseError> {
    Servers::named_by(url)?.connect(role).await
}

/// Sees to it that what was committed on this connection since `begun` is kept where the server
/// promises that. A wait for the standby that somebody cancels looks like any other success; it
/// took long. So what took long counts once a commit behind it was quick: the standby then has
/// both.
///
/// # Errors
/// When the connection is lost: nobody knows then what is kept.
pub async fn is_kept(
    connection: &mut PgConnection,
    mut begun: Instant,
) -> Result<(), sqlx::Error> {
    while begun.elapsed() > SUSPICIOUS {
        begun = Instant::now();
        connection.execute("SELECT pg_logical_emit_message(true, 'anchor', '')").await?;
    }
    Ok(())
}

/// Makes a new connection one of this role.
async fn take_up(connection: &mut PgConnection, role: Role) -> Result<(), sqlx::Error> {
    let too_late = |_| sqlx::Error::Io(std::io::ErrorKind::TimedOut.into());
    let set_up = connection.execute(role.set_up());
    match role {
        Role::App | Role::Keys => {
            tokio::time::timeout(FIRST_COMMIT, set_up).await.map_err(too_late)??;
        }
        Role::Read | Role::Owner => {
            set_up.await?;
        }
    }
    Ok(())
}

/// Applies what is missing; answers the names of what it applied.
///
/// # Errors
/// When the server cannot be reached or refuses a step; a refused step leaves nothing behind.
pub async fn migrate(url: &SecretString) -> Result<Vec<String>, DatabaseError> {
    let mut connection = connect_one(url, Role::Owner).await?;
    connection.execute("RESET search_path").await?;
    connection.ensure_migrations_table().await?;
    let before = connection.list_applied_migrations().await?;
    MIGRATOR.run(&mut connection).await?;
    let applied = MIGRATOR
        .iter()
        .filter(|step| !before.iter().any(|done| done.version == step.version))
        .map(|step| format!("{:04} {}", step.version, step.description))
        .collect();
    connection.close().await?;
    Ok(applied)
}

/// Whether the schema is the one this program was built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MigrationState {
    /// It is.
    Current,
    /// Run `anchor migrate`.
    Behind,
    /// A newer program has been here.
    Ahead,
}

/// Compares the schema with this program.
///
/// # Errors
/// When the server cannot be asked.
pub async fn migration_state(pool: &PgPool) -> Result<MigrationState, DatabaseError> {
    let exists: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
        .fetch_one(pool)
        .await?;
    if !exists {
        return Ok(MigrationState::Behind);
    }
    let applied: Option<i64> =
        sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations WHERE success")
            .fetch_one(pool)
            .await?;
    let wanted = MIGRATOR.iter().map(|step| step.version).max().unwrap_or(0);
    Ok(match applied.unwrap_or(0).cmp(&wanted) {
        std::cmp::Ordering::Less => MigrationState::Behind,
        std::cmp::Ordering::Equal => MigrationState::Current,
        std::cmp::Ordering::Greater => MigrationState::Ahead,
    })
}

/// Whether this connection could change or remove what has been recorded. It must not.
///
/// # Errors
/// When the server cannot be asked.
pub async fn may_rewrite_history(pool: &PgPool) -> Result<bool, DatabaseError> {
    let may = sqlx::query_scalar(
        "SELECT coalesce(has_table_privilege(c.oid, 'UPDATE')
                      OR has_table_privilege(c.oid, 'DELETE')
                      OR has_table_privilege(c.oid, 'TRUNCATE'), false)
           FROM (SELECT to_regclass('public.events') AS oid) c",
    )
    .fetch_one(pool)
    .await?;
    Ok(may)
}

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// Give postgres://user@host:port/name.
    #[error("the database's URL is not one")]
    NotAUrl,
    /// Look whether the server runs, and whether the role exists.
    #[error("the database cannot be reached")]
    Unreachable(#[from] sqlx::Error),
    /// The step's own text says what is wrong.
    #[error("a migration was refused")]
    Migration(#[from] sqlx::migrate::MigrateError),
}
