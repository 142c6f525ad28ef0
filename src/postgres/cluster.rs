//! A Postgres cluster of our own: made once, started on a free port, stopped, and gone with its
//! folder.
//!
//! *Guarantees*: listens on 127.0.0.1 alone with a password of its own; its sockets and its log lie
//! in its folder, the password readable by its owner alone; `stop` ends it, and so does dropping
//! it. A start that was cut off is made good by the next one, and one that was stopped in
//! mid-flight comes back at the same address.
//!
//! Cases: C19.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use rand::Rng;
use secrecy::SecretString;
use sqlx::Connection;

use super::binaries::{self, NoServer};
use super::unprivileged::{self, Servant};

/// Between finding a free port and listening on it, somebody else may take it: try another.
const STARTS: u32 = 3;
/// The port is given this time: whoever took it meanwhile has to leave it again.
const RESTARTS: u32 = 20;
const BETWEEN_RESTARTS: Duration = Duration::from_millis(100);

/// How much a cluster promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// What it acknowledged survives a crash.
    Durable,
    /// Fast and forgetful, for tests.
    Fast,
}

/// A running private cluster.
#[derive(Debug)]
pub struct PrivateCluster {
    pub(super) folder: PathBuf,
    pub(super) programs: PathBuf,
    pub(super) servant: Option<Servant>,
    pub(super) port: u16,
    pub(super) password: String,
    pub(super) durability: Durability,
    pub(super) is_running: bool,
}

impl PrivateCluster {
    /// Starts the cluster in `folder`, and makes it the first time.
    ///
    /// # Errors
    /// [`ClusterError`] says what is missing, or where the server's own log is.
    pub async fn start(folder: &Path, durability: Durability) -> Result<Self, ClusterError> {
        let programs = binaries::find()?;
        let servant = unprivileged::servant();
        let folder = unprivileged::reachable(folder, servant.as_ref())?;
        let mut cluster = Self {
            password: String::new(),
            folder,
            programs,
            servant,
            port: 0,
            durability,
            is_running: false,
        };
        if !cluster.folder.join("pgdata/PG_VERSION").is_file() {
            cluster.make()?;
        }
        cluster.password = fs::read_to_string(cluster.folder.join("password"))?;
        cluster.stop_server("fast").ok();
        for _ in 1..STARTS {
            cluster.port = free_port()?;
            if cluster.start_server().is_ok() {
                return Ok(cluster);
            }
        }
        cluster.port = free_port()?;
        cluster.start_server()?;
        Ok(cluster)
    }

    /// Ends what an earlier start may have left running in `folder`, and removes what it holds.
    ///
    /// # Errors
    /// When the folder cannot be removed.
    pub fn remove(folder: &Path) -> Result<(), ClusterError> {
        let servant = unprivileged::servant();
        let folder = unprivileged::place(folder, servant.as_ref());
        if !folder.exists() {
            return Ok(());
        }
        let password = String::new();
        let (programs, port, durability) = (binaries::find()?, 0, Durability::Fast);
        let is_running = false;
        Self { folder, programs, servant, port, password, durability, is_running }.remove_all()
    }

    fn remove_all(self) -> Result<(), ClusterError> {
        self.stop_server("fast").ok();
        Ok(fs::remove_dir_all(&self.folder)?)
    }

    /// Under another name first, so that a half-made cluster is never taken for a whole one.
    fn make(&self) -> Result<(), ClusterError> {
        let unfinished = self.folder.join("pgdata.new");
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished)?;
        }
        let mut bytes = [0_u8; 24];
        rand::rng().fill_bytes(&mut bytes);
        let password_file = self.folder.join("password");
        private_file(&password_file)?.write_all(hex::encode(bytes).as_bytes())?;
        if let Some(servant) = &self.servant {
            nix::unistd::chown(&password_file, Some(servant.uid), Some(servant.gid))
                .map_err(std::io::Error::from)?;
        }
        self.run(
            "initdb",
            &[
                "--pgdata",
                &unfinished.display().to_string(),
                "--username=anchor_admin",
                "--auth=scram-sha-256",
                &format!("--pwfile={}", password_file.display()),
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--data-checksums",
                "--no-sync",
            ],
        )?;
        Ok(fs::rename(unfinished, self.folder.join("pgdata"))?)
    }

    pub(super) fn start_server(&mut self) -> Result<(), ClusterError> {
        let mut options = format!(
            "-c listen_addresses=127.0.0.1 -p {} -c unix_socket_directories='{}' \
             -c max_connections=400 -c shared_buffers=256MB -c max_wal_size=2GB \
             -c timezone=UTC -c log_timezone=UTC",
            self.port,
            self.folder.display()
        );
        if self.durability == Durability::Fast {
            options += " -c fsync=off -c synchronous_commit=off -c full_page_writes=off";
        }
        let log = self.folder.join("server.log").display().to_string();
        let data = self.data();
        self.run("pg_ctl", &["start", "-w", "-s", "-D", &data, "-l", &log, "-o", &options])?;
        self.is_running = true;
        Ok(())
    }

    /// The address of one of its databases.
    #[must_use]
    pub fn url(&self, database: &str) -> SecretString {
        let Self { port, password, .. } = self;
        SecretString::from(format!(
            "postgres://anchor_admin:{password}@127.0.0.1:{port}/{database}"
        ))
    }

    /// Makes a database, unless it is there.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn create_database_if_missing(&self, name: &str) -> Result<(), ClusterError> {
        use secrecy::ExposeSecret;
        let url = self.url("postgres");
        let mut connection = sqlx::PgConnection::connect(url.expose_secret()).await?;
        let exists: bool =
            sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
                .bind(name)
                .fetch_one(&mut connection)
                .await?;
        if !exists {
            let statement = format!("CREATE DATABASE \"{}\"", name.replace('"', ""));
            sqlx::raw_sql(&statement).execute(&mut connection).await?;
        }
        connection.close().await?;
        Ok(())
    }

    /// Stops the server; what it holds stays in its folder.
    pub async fn stop(mut self) {
        self.stop_server("fast").ok();
        self.is_running = false;
    }

    /// Stops the server at once, in the middle of whatever it does, as a crash would, and starts it
    /// again at the same address. Answers once it accepts connections.
    ///
    /// Blocks while it does.
    ///
    /// # Errors
    /// When it was not running, or does not come back.
    pub fn crash_and_restart(&mut self) -> Result<(), ClusterError> {
        self.crash()?;
        self.start_again()
    }

    /// Stops the server at once, as a crash would.
    ///
    /// # Errors
    /// When it was not running.
    pub fn crash(&mut self) -> Result<(), ClusterError> {
        self.stop_server("immediate")?;
        self.is_running = false;
        Ok(())
    }

    /// Starts it again at the same address, after a crash.
    ///
    /// # Errors
    /// When it does not come back.
    pub fn start_again(&mut self) -> Result<(), ClusterError> {
        for _ in 1..RESTARTS {
            if self.start_server().is_ok() {
                return Ok(());
            }
            // A client that knocks at a closed port may have got that very port as its own.
            std::thread::sleep(BETWEEN_RESTARTS);
        }
        self.start_server()
    }

    pub(super) fn stop_server(&self, mode: &str) -> Result<(), ClusterError> {
        let data = self.data();
        self.run("pg_ctl", &["stop", "-s", "-m", mode, "-D", &data])
    }

    pub(super) fn data(&self) -> String {
        self.folder.join("pgdata").display().to_string()
    }

    pub(super) fn run(&self, program: &str, arguments: &[&str]) -> Result<(), ClusterError> {
        let mut command = Command::new(self.programs.join(program));
        command.args(arguments).current_dir("/").env_remove("PGDATA").stdin(Stdio::null());
        // A pipe that the server inherits would never end: only its starter's words are read.
        command.stdout(Stdio::null());
        let words = self.folder.join(format!("{program}.log"));
        command.stderr(fs::File::create(&words)?);
        // Ctrl-C is for us, who then stop the server; it would cut these off half-way.
        command.process_group(0);
        if let Some(servant) = &self.servant {
            command.uid(servant.uid.as_raw()).gid(servant.gid.as_raw());
        }
        let Output { status, .. } = command.output()?;
        if status.success() {
            return Ok(());
        }
        Err(ClusterError::Refused {
            program: program.to_owned(),
            said: fs::read_to_string(words).unwrap_or_default().trim().to_owned(),
            folder: self.folder.clone(),
        })
    }
}

impl Drop for PrivateCluster {
    fn drop(&mut self) {
        if self.is_running {
            self.stop_server("fast").ok();
        }
    }
}

/// A new file that nobody else may read.
fn private_file(path: &Path) -> std::io::Result<fs::File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

pub(super) fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Why there is no private cluster.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// Install the server programs.
    #[error(transparent)]
    NoServer(#[from] NoServer),
    /// The folder must be one that can be written.
    #[error("the private cluster's folder cannot be used")]
    Folder(#[from] std::io::Error),
    /// What the server's own program said, and where more stands.
    #[error("{program} refused ({said}); more in {}/server.log", folder.display())]
    Refused {
        /// Which program.
        program: String,
        /// Its words.
        said: String,
        /// The cluster's folder.
        folder: PathBuf,
    },
    /// The server runs and does not answer.
    #[error("the private server does not answer")]
    Unreachable(#[from] sqlx::Error),
}
