//! Where does the demo keep its things? One folder: database, the partners' book, and an
//! environment file with secrets of its own, readable by its owner alone.
//!
//! The environment file is what `anchor serve` would get from its surroundings; loading it into a
//! shell lets every other `anchor` command work against the demo.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use nix::fcntl::{Flock, FlockArg};
use rand::Rng;
use secrecy::{ExposeSecret, SecretString};

use crate::postgres::PrivateCluster;

/// Partners that the sandbox acts as.
pub const PARTNERS: &[&str] = &[
    "woolworths",
    "coles",
    "aldi",
    "kmart",
    "target",
    "energy-australia",
    "agl",
    "origin",
    "telstra",
    "optus",
    "opal",
    "myki",
    "fuel-voucher",
    "relationships-australia",
    "financial-counsellors-australia",
    "gambling-help",
];
const ENVIRONMENT_FILE: &str = "demo.env";
const CLUSTER: &str = "pg";
const BOOK: &str = "sandbox";
const LOCK: &str = "demo.lock";

/// The demo's folder with the variables its programs run with.
pub struct Household {
    /// The folder.
    pub folder: PathBuf,
    variables: BTreeMap<String, String>,
    _lock: Option<Flock<fs::File>>,
}

impl Household {
    /// Opens the folder for one demo at a time, and furnishes it the first time. A `fresh` one is
    /// emptied before.
    ///
    /// # Errors
    /// When the folder cannot be written, or another demo lives in it.
    pub fn open(folder: &Path, fresh: bool) -> anyhow::Result<Self> {
        let unusable = || format!("cannot use {}: choose --data-dir", folder.display());
        fs::create_dir_all(folder).with_context(unusable)?;
        let folder = folder.canonicalize()?;
        let lock = Some(lock(&folder)?);
        if fresh {
            forget(&folder)?;
        }
        if let Ok(found) = Self::read(&folder) {
            let mut found = Self { _lock: lock, ..found };
            found.furnish_partners();
            found.write()?;
            return Ok(found);
        }
        let variables = BTreeMap::from([
            ("ENCRYPTION_KEY".to_owned(), random_hex()),
            ("SUPABASE_JWT_SECRET".to_owned(), random_hex()),
            ("SUPABASE_URL".to_owned(), "http://127.0.0.1:54321".to_owned()),
            ("ANCHOR_SUPPORT_CONTACT".to_owned(), "13 11 14 (Lifeline, day and night)".to_owned()),
        ]);
        let mut household = Self { folder, variables, _lock: lock };
        household.furnish_partners();
        household.write()?;
        Ok(household)
    }

    /// Gives credentials to every partner that has none yet: a folder may be older than a partner.
    fn furnish_partners(&mut self) {
        for partner in PARTNERS {
            let prefix = partner.to_uppercase().replace('-', "_");
            let mut give = |ending: &str, value: String| {
                self.variables.entry(format!("{prefix}_{ending}")).or_insert(value);
            };
            give("CLIENT_ID", format!("anchor-{partner}"));
            give("CLIENT_SECRET", random_hex());
            give("WEBHOOK_SECRET", random_hex());
        }
    }

    /// Reads a folder that has been furnished.
    ///
    /// # Errors
    /// When there is none.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(folder.join(ENVIRONMENT_FILE))?;
        let variables = text
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.trim_matches('\'').to_owned()))
            .collect();
        Ok(Self { folder: folder.to_path_buf(), variables, _lock: None })
    }

    /// Where the database lives.
    #[must_use]
    pub fn cluster(&self) -> PathBuf {
        self.folder.join(CLUSTER)
    }

    /// Where the partners keep their book.
    #[must_use]
    pub fn book(&self) -> PathBuf {
        self.folder.join(BOOK)
    }

    /// Sets a variable that is known only once something runs, such as a port.
    pub fn set(&mut self, name: &str, value: String) {
        self.variables.insert(name.to_owned(), value);
    }

    /// Tells the partners' addresses below the sandbox's.
    pub fn set_sandbox(&mut self, sandbox: &str) {
        self.set("ANCHOR_SANDBOX_URL", sandbox.to_owned());
        for partner in PARTNERS {
            let prefix = partner.to_uppercase().replace('-', "_");
            self.set(&format!("{prefix}_API_URL"), format!("{sandbox}/{partner}"));
        }
    }

    /// Keeps the variables for the next start and for other `anchor` commands.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self) -> anyhow::Result<()> {
        let path = self.environment_file();
        let unfinished = path.with_extension("env.new");
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&unfinished)?;
        for (name, value) in &self.variables {
            writeln!(file, "{name}='{value}'")?;
        }
        file.sync_all()?;
        fs::rename(unfinished, path)?;
        Ok(())
    }

    /// Where the variables are kept.
    #[must_use]
    pub fn environment_file(&self) -> PathBuf {
        self.folder.join(ENVIRONMENT_FILE)
    }

    /// A variable's value.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    /// The demo's database, while it runs.
    #[must_use]
    pub fn database_url(&self) -> SecretString {
        SecretString::from(self.variable("DATABASE_URL").unwrap_or_default())
    }

    /// Where the partners are, while the demo runs.
    #[must_use]
    pub fn sandbox_url(&self) -> Option<String> {
        self.variable("ANCHOR_SANDBOX_URL")
    }

    /// The secret that the demo's tokens are signed with.
    #[must_use]
    pub fn jwt_secret(&self) -> SecretString {
        SecretString::from(self.variable("SUPABASE_JWT_SECRET").unwrap_or_default())
    }

    /// Notes the database's address.
    pub fn set_database(&mut self, url: &SecretString) {
        self.set("DATABASE_URL", url.expose_secret().to_owned());
    }
}

/// Held for as long as the demo lives, and let go by the system when it dies.
fn lock(folder: &Path) -> anyhow::Result<Flock<fs::File>> {
    let path = folder.join(LOCK);
    let open = fs::OpenOptions::new().write(true).create(true).truncate(false).open(&path);
    let file = open.with_context(|| format!("cannot use {}: choose --data-dir", folder.display()));
    Flock::lock(file?, FlockArg::LockExclusiveNonblock).map_err(|_| {
        let folder = folder.display();
        anyhow!("a demo is running in {folder}: stop it with Ctrl-C, or choose another --data-dir")
    })
}

/// Removes what an earlier demo left, and nothing that is not a demo's.
fn forget(folder: &Path) -> anyhow::Result<()> {
    PrivateCluster::remove(&folder.join(CLUSTER))?;
    let (book, file) = (folder.join(BOOK), folder.join(ENVIRONMENT_FILE));
    for (path, removed) in [(&book, fs::remove_dir_all(&book)), (&file, fs::remove_file(&file))] {
        match removed {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            removed => removed.with_context(|| format!("cannot remove {}", path.display()))?,
        }
    }
    Ok(())
}

fn random_hex() -> String {
    let mut bytes = [0_u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    hex::encode(bytes)
}
