//! A projection with a bug: its rows are committed apart from its checkpoint.

use std::sync::Arc;

use anchor::database::{Role, connect_one};
use async_trait::async_trait;
use projections::{Poison, Projection, ProjectionError, Recorded};
use secrecy::SecretString;
use sqlx::{Connection, PgConnection};

/// The same projection, with rows that do not wait for its checkpoint.
pub struct Apart {
    inner: Arc<dyn Projection>,
    url: SecretString,
}

impl Apart {
    /// Of this one.
    pub fn from(inner: Arc<dyn Projection>, url: &SecretString) -> Self {
        Self { inner, url: url.clone() }
    }
}

#[async_trait]
impl Projection for Apart {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn version(&self) -> i32 {
        self.inner.version()
    }

    fn tables(&self) -> &'static [&'static str] {
        self.inner.tables()
    }

    fn working_columns(&self) -> &'static [&'static str] {
        self.inner.working_columns()
    }

    fn on_poison(&self) -> Poison {
        self.inner.on_poison()
    }

    async fn project(
        &self,
        batch: &[Recorded],
        _together: &mut PgConnection,
    ) -> Result<(), ProjectionError> {
        let lost = |_| sqlx::Error::PoolClosed;
        let mut alone = connect_one(&self.url, Role::App).await.map_err(lost)?;
        let mut tx = alone.begin().await?;
        self.inner.project(batch, &mut tx).await?;
        tx.commit().await?;
        Ok(())
    }
}
