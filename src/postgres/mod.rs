//! How does a machine without a database server run Anchor? With a private Postgres of its own.
//!
//! The demo, the tests and the benches each start one from the server binaries that the operating
//! system's package manager installs: own folder, own port, own user, and nothing of it outside.
//!
//! - [`binaries`]: where are `initdb` and `pg_ctl`?
//! - [`unprivileged`]: as whom do they run? Postgres refuses to run as root.
//! - [`cluster`]: made once, started, stopped.
//! - [`standby`]: a second one that follows the first, and takes its place.

pub mod binaries;
pub mod cluster;
mod standby;
mod unprivileged;

pub use binaries::NoServer;
pub use cluster::{ClusterError, Durability, PrivateCluster};

#[cfg(test)]
mod tests;
