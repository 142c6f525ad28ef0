//! Is somebody else building this already? A lock that lives as long as its connection.
//!
//! *Why a session's lock*: it is gone the moment its process is, so what a killed one left behind
//! can be told from what is being worked on.

use sqlx::{PgConnection, PgPool};

use super::RebuildError;

/// The right to build something, held until it is given back; dropped, until the server notices.
pub(crate) struct Exclusive {
    connection: PgConnection,
}

impl Exclusive {
    /// The right to build all that is named.
    pub async fn to_build(pool: &PgPool, names: &[&str]) -> Result<Self, RebuildError> {
        let mut connection = pool.acquire().await?.detach();
        for name in names {
            let is_got: bool =
                sqlx::query_scalar("SELECT pg_try_advisory_lock(4712, hashtext($1))")
                    .bind(name)
                    .fetch_one(&mut connection)
                    .await?;
            if !is_got {
                return Err(RebuildError::UnderWay((*name).to_owned()));
            }
        }
        Ok(Self { connection })
    }

    /// Gives it back: whoever asks next gets it. A server that cannot be told finds out by itself.
    pub async fn give_back(mut self) {
        let told = sqlx::query("SELECT pg_advisory_unlock_all()").execute(&mut self.connection);
        if let Err(error) = told.await {
            tracing::warn!(%error, "what was built stays locked until the server notices");
        }
    }
}
