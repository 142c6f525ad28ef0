//! Where are the server's programs? `ANCHOR_PG_BIN`, the path, then where packages put them.

use std::path::{Path, PathBuf};

/// Where packages put server programs, newest major version last in each.
const PACKAGED: &[&str] = &["/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt"];

/// The folder that holds `initdb`, `pg_ctl` and `postgres`.
///
/// # Errors
/// [`NoServer`] says which command installs them.
pub fn find() -> Result<PathBuf, NoServer> {
    if let Some(named) = std::env::var_os("ANCHOR_PG_BIN").map(PathBuf::from) {
        return if has_server(&named) { Ok(named) } else { Err(NoServer) };
    }
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&on_path)
        .find(|folder| has_server(folder))
        .and_then(|folder| folder.join("postgres").canonicalize().ok())
        .and_then(|program| program.parent().map(Path::to_path_buf))
        .filter(|folder| has_server(folder))
        .or_else(newest_packaged)
        .ok_or(NoServer)
}

fn newest_packaged() -> Option<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = PACKAGED
        .iter()
        .filter_map(|place| std::fs::read_dir(place).ok())
        .flatten()
        .filter_map(|entry| {
            let folder = entry.ok()?.path();
            let name = folder.file_name()?.to_string_lossy().into_owned();
            let major = name.trim_start_matches("postgresql@").parse().ok()?;
            let programs = folder.join("bin");
            has_server(&programs).then_some((major, programs))
        })
        .collect();
    found.sort();
    found.pop().map(|(_, programs)| programs)
}

fn has_server(folder: &Path) -> bool {
    ["initdb", "pg_ctl", "postgres"].iter().all(|program| folder.join(program).is_file())
}

/// There is no Postgres server on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "no PostgreSQL server programs found. On Debian or Ubuntu: apt-get update && apt-get install \
     -y --no-install-recommends postgresql postgresql-client. Elsewhere: install PostgreSQL 15 or \
     newer and set ANCHOR_PG_BIN to the folder that holds initdb"
)]
pub struct NoServer;
