//! As whom does a private Postgres run? As whoever started it, or, for root, as `postgres` or
//! `nobody`: the server refuses to run as root.

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

/// A folder that the servant can reach and own: the wanted one, or one in the system's temporary
/// folder when some folder above the wanted one is closed to others.
///
/// # Errors
/// When the folder cannot be made or given away.
pub fn reachable(wanted: &Path, servant: Option<&Servant>) -> std::io::Result<PathBuf> {
    let folder = match servant {
        Some(_) if !others_may_pass(wanted) => fallback(wanted),
        _ => wanted.to_path_buf(),
    };
    std::fs::create_dir_all(&folder)?;
    if let Some(servant) = servant {
        chown(&folder, Some(servant.uid), Some(servant.gid))?;
    }
    Ok(folder)
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
