//! How does a second server take a first one's place? It follows it, and is promoted.
//!
//! What the first acknowledges the second has, once [`PrivateCluster::wait_for_standby`] said so.
//!
//! Cases: C20.

use std::path::Path;

use super::binaries;
use super::cluster::{ClusterError, PrivateCluster, free_port};
use super::unprivileged;

impl PrivateCluster {
    /// Makes a server in `folder` that follows this one, and starts it.
    ///
    /// # Errors
    /// [`ClusterError`], as when a cluster is started.
    pub fn start_standby(&self, folder: &Path) -> Result<Self, ClusterError> {
        let servant = unprivileged::servant();
        let folder = unprivileged::reachable(folder, servant.as_ref())?;
        let mut standby = Self {
            folder,
            programs: binaries::find()?,
            servant,
            port: free_port()?,
            password: self.password.clone(),
            durability: self.durability,
            is_running: false,
        };
        let Self { port, password, .. } = self;
        let first = format!("postgres://anchor_admin:{password}@127.0.0.1:{port}/postgres");
        let data = standby.data();
        let words = ["--pgdata", &data, "--dbname", &first, "--write-recovery-conf", "--no-sync"];
        let all = [&words[..], &["--checkpoint=fast", "--wal-method=stream"]].concat();
        standby.run("pg_basebackup", &all)?;
        standby.start_server()?;
        Ok(standby)
    }

    /// Has this server acknowledge nothing before its standby has it.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn wait_for_standby(&self) -> Result<(), ClusterError> {
        use secrecy::ExposeSecret;
        use sqlx::Connection;
        let url = self.url("postgres");
        let mut connection = sqlx::PgConnection::connect(url.expose_secret()).await?;
        for statement in
            ["ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()"]
        {
            sqlx::raw_sql(statement).execute(&mut connection).await?;
        }
        connection.close().await?;
        Ok(())
    }

    /// Has this server follow nobody any more, and take what is written.
    ///
    /// # Errors
    /// When it is no standby.
    pub fn promote(&self) -> Result<(), ClusterError> {
        let data = self.data();
        self.run("pg_ctl", &["promote", "-w", "-s", "-D", &data])
    }
}
