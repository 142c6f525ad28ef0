//! Where does a projection die that has written its rows and not yet moved its checkpoint? Here;
//! and here its rows can be committed apart, which is a bug.

use std::sync::Arc;

use anchor::database::{Role, connect_one};
use async_trait::async_trait;
use projections::{Poison, Projection, ProjectionError, Recorded, reconciliation};
use secrecy::SecretString;
use sqlx::{Connection, PgConnection};

use super::go_between::Brake;

/// The same projection, with somebody who looks on.
pub struct Halfway {
    pub inner: Arc<dyn Projection>,
    pub brake: Arc<Brake>,
    /// Where rows are committed apart, when that is the bug.
    pub apart: Option<SecretString>,
}

#[async_trait]
impl Projection for Halfway {
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
        together: &mut PgConnection,
    ) -> Result<(), ProjectionError> {
        match &self.apart {
            None => self.inner.project(batch, together).await?,
            Some(url) => {
                let lost = |_| sqlx::Error::PoolClosed;
                let mut alone = connect_one(url, Role::App).await.map_err(lost)?;
                let mut tx = alone.begin().await?;
                self.inner.project(batch, &mut tx).await?;
                tx.commit().await?;
            }
        }
        // The one whose rows are sums: they would show it.
        if self.name() == reconciliation::NAME {
            self.brake.rows_are_written().await;
        }
        Ok(())
    }
}
