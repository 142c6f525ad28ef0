//! Does a private server start beside others, and does nothing of it stay behind?
//!
//! Rows: U5, U6.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use nix::unistd::{Gid, Uid};
use secrecy::ExposeSecret;
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;

use super::unprivileged::{Servant, is_ours};
use super::{Durability, PrivateCluster};

/// A folder that the server's own user can pass.
fn folder() -> TempDir {
    let passable = std::fs::Permissions::from_mode(0o711);
    tempfile::Builder::new().prefix("anchor-tests-").permissions(passable).tempdir().unwrap()
}

async fn start(folder: &Path) -> PrivateCluster {
    PrivateCluster::start(folder, Durability::Fast).await.unwrap()
}

async fn answers(cluster: &PrivateCluster) -> bool {
    PgConnection::connect(cluster.url("postgres").expose_secret()).await.is_ok()
}

#[tokio::test]
async fn two_servers_run_side_by_side_and_keep_their_passwords_to_themselves() {
    let (one, other) = (folder(), folder());
    let (first, second) =
        (start(&one.path().join("pg")).await, start(&other.path().join("pg")).await);
    assert!(answers(&first).await && answers(&second).await);
    first.stop().await;
    assert!(answers(&second).await, "stopping one leaves the other alone");
    second.stop().await;
    let password = other.path().join("pg/password").metadata().unwrap();
    assert_eq!(password.permissions().mode() & 0o077, 0);
}

#[tokio::test]
async fn what_was_cut_off_half_way_is_made_good_and_what_still_runs_ends_when_removed() {
    let place = folder();
    let folder = place.path().join("pg");
    std::fs::create_dir_all(folder.join("pgdata.new")).unwrap();
    std::fs::write(folder.join("pgdata.new/PG_VERSION"), "15\n").unwrap();
    let cluster = start(&folder).await;
    assert!(answers(&cluster).await);

    // As after a kill: nobody stopped the server.
    let address = cluster.url("postgres");
    std::mem::forget(cluster);
    PrivateCluster::remove(&folder).unwrap();
    assert!(!folder.exists());
    assert!(PgConnection::connect(address.expose_secret()).await.is_err());
    PrivateCluster::remove(&folder).unwrap();
}

#[test]
fn a_folder_that_somebody_else_put_in_the_temporary_folder_is_not_used() {
    let place = folder();
    let us = Servant { uid: Uid::effective(), gid: Gid::effective() };
    let (real, link) = (place.path().join("real"), place.path().join("link"));
    std::fs::create_dir(&real).unwrap();
    symlink(&real, &link).unwrap();
    assert!(is_ours(&real, &us));
    assert!(!is_ours(&link, &us), "a link may lead anywhere");
    let stranger = Servant { uid: Uid::from_raw(us.uid.as_raw() + 1), gid: us.gid };
    assert_eq!(is_ours(&real, &stranger), us.uid.is_root());
}
