//! Is anybody else doing this at this moment, in whatever process? A lock that lives as long as its
//! connection.
//!
//! *Why a session's lock*: nothing stands open in the database while it is held, and it is gone the
//! moment its process is.

use sqlx::{PgConnection, PgPool};

/// The right to do something alone, held until it is given back; dropped, until the server notices.
pub struct Alone(PgConnection);

impl Alone {
    /// The right to what `key` stands for; none while somebody else has it.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn at(pool: &PgPool, key: i64) -> Result<Option<Self>, sqlx::Error> {
        let mut connection = pool.acquire().await?.detach();
        let is_alone: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)")
            .bind(key)
            .fetch_one(&mut connection)
            .await?;
        Ok(is_alone.then_some(Self(connection)))
    }

    /// The connection that holds it.
    pub fn connection(&mut self) -> &mut PgConnection {
        &mut self.0
    }

    /// Gives it back: whoever asks next gets it. A server that cannot be told finds out by itself.
    pub async fn give_back(mut self) {
        let told = sqlx::query("SELECT pg_advisory_unlock_all()").execute(&mut self.0).await;
        if let Err(error) = told {
            tracing::warn!(%error, "a right stays taken until the server notices");
        }
    }
}
