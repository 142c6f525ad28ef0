//! As whom does a private Postgres run? As whoever started it, or, for root, as `postgres` or
//! `nobody`: the server refuses to run as root.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Uid, User, chown};

/// Who runs the server, when it is not who started us.
#[derive(Debug, Clone)]
pub struct Servant {
    /// Their user id.
    pub uid: Uid,
    /// Their group id.
    pub gid: Gid,
}

/// Nobody to drop to, unless we are root.
pub fn servant() -> Option<Servant> {
    if !Uid::effective().is_root() {
        return None;
    }
    ["postgres", "nobody"]
        .iter()
        .find_map(|name| User::from_name(name).ok().flatten())
        .map(|user| Servant { uid: user.uid, gid: user.gid })
}

/// Where the servant's folder is: the wanted one, or one in the system's temporary folder when some
/// folder above the wanted one is closed to others.
pub fn place(wanted: &Path, servant: Option<&Servant>) -> PathBuf {
    match servant {
        Some(_) if !others_may_pass(wanted) => fallback(wanted),
        _ => wanted.to_path_buf(),
    }
}

/// The folder of [`place`], made and given to the servant.
///
/// # Errors
/// When the folder cannot be made or given away, or somebody else put one there before us.
pub fn reachable(wanted: &Path, servant: Option<&Servant>) -> std::io::Result<PathBuf> {
    let folder = place(wanted, servant);
    std::fs::create_dir_all(&folder)?;
    if let Some(servant) = servant {
        // Anybody may make a folder, or a link to one, in the temporary folder.
        if folder != wanted && !is_ours(&folder, servant) {
            let other = format!("{} belongs to somebody else", folder.display());
            return Err(std::io::Error::new(std::io::ErrorKind::PermissionDenied, other));
        }
        chown(&folder, Some(servant.uid), Some(servant.gid))?;
    }
    Ok(folder)
}

pub(super) fn is_ours(folder: &Path, servant: &Servant) -> bool {
    folder
        .symlink_metadata()
        .is_ok_and(|found| found.is_dir() && [0, servant.uid.as_raw()].contains(&found.uid()))
}

fn fallback(wanted: &Path) -> PathBuf {
    let name: String = wanted
        .to_string_lossy()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    std::env::temp_dir().join(format!("anchor{name}"))
}

fn others_may_pass(folder: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    folder.ancestors().skip(1).filter_map(|above| above.metadata().ok()).all(|above| {
        let others_search = 0o001;
        above.permissions().mode() & others_search != 0
    })
}
