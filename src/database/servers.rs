//! Which of several servers takes what is written? The first that says so by a commit.
//!
//! `postgres://user@one:5432,two:5432/anchor?target_session_attrs=read-write`, as libpq has it. One
//! server in the list is the present one; every pool connects there. It is asked for a commit every
//! second; when it does not acknowledge one, the others are asked, and the first that does is the
//! present one. Whatever this program still has open at the former one is broken off there: a
//! commit that waits for a standby that was promoted would wait for ever.
//!
//! *Why not by whether it is in recovery*: a former primary that does not know of its standby's
//! promotion says that it is none, and is wrong.
//!
//! Cases: C20.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, Executor, PgPool};
use tokio::sync::watch;

use super::{DatabaseError, FIRST_COMMIT, Role, take_up};

const BETWEEN_LOOKS: Duration = Duration::from_secs(1);
/// Whoever does not take a connection in this time is not the present one.
const CONNECTS_WITHIN: Duration = Duration::from_secs(3);
/// Nobody who had set out for a server comes there later than this.
const LATE: Duration = Duration::from_secs(60);
/// What asks for a server that takes what is written.
const ATTRIBUTE: &str = "target_session_attrs=";
const WRITABLE: [&str; 3] = ["read-write", "primary", "any"];

/// Those that are in use, by their addresses: one present server for everybody.
static IN_USE: LazyLock<Mutex<BTreeMap<String, Weak<Servers>>>> = LazyLock::new(Mutex::default);

/// The servers that a URL names.
#[derive(Debug)]
pub(super) struct Servers {
    all: Vec<PgConnectOptions>,
    present: watch::Sender<usize>,
}

impl Servers {
    /// Those of this URL: the same for everybody who names the same.
    pub fn named_by(url: &SecretString) -> Result<Arc<Self>, DatabaseError> {
        let (names, all) = read(url.expose_secret())?;
        let mut in_use = IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = in_use.get(&names).and_then(Weak::upgrade) {
            return Ok(known);
        }
        in_use.retain(|_, servers| servers.strong_count() > 0);
        let servers = Arc::new(Self { all, present: watch::Sender::new(0) });
        if servers.all.len() > 1 {
            in_use.insert(names, Arc::downgrade(&servers));
            tokio::spawn(look_after(Arc::downgrade(&servers)));
        }
        Ok(servers)
    }

    /// Where to connect now.
    pub async fn present(&self, role: Role) -> Result<PgConnectOptions, DatabaseError> {
        if self.all.len() > 1 {
            self.connect(role).await?.close().await.ok();
        }
        Ok(self.all[*self.present.borrow()].clone())
    }

    /// One connection, to the present server or else to the one that takes its place.
    pub async fn connect(&self, role: Role) -> Result<PgConnection, DatabaseError> {
        let [only] = self.all.as_slice() else { return self.connect_to_any(role).await };
        let mut connection = PgConnection::connect_with(only).await?;
        take_up(&mut connection, role).await?;
        Ok(connection)
    }

    async fn connect_to_any(&self, role: Role) -> Result<PgConnection, DatabaseError> {
        let (first, count) = (*self.present.borrow(), self.all.len());
        let mut failure = DatabaseError::NotAUrl;
        for index in (first..first + count).map(|index| index % count) {
            let connecting = tokio::time::timeout(CONNECTS_WITHIN, self.connect_to(index, role));
            match connecting.await {
                Ok(Ok(connection)) => {
                    self.move_to(index);
                    return Ok(connection);
                }
                Ok(Err(error)) => failure = error.into(),
                Err(_) => failure = sqlx::Error::PoolTimedOut.into(),
            }
        }
        Err(failure)
    }

    /// A connection there, if that server takes what is written.
    async fn connect_to(&self, index: usize, role: Role) -> Result<PgConnection, sqlx::Error> {
        let mut connection = PgConnection::connect_with(&self.all[index]).await?;
        let in_recovery: bool =
            sqlx::query_scalar("SELECT pg_is_in_recovery()").fetch_one(&mut connection).await?;
        if in_recovery {
            return Err(sqlx::Error::Io(std::io::ErrorKind::ReadOnlyFilesystem.into()));
        }
        take_up(&mut connection, role).await?;
        Ok(connection)
    }

    /// Whether another one than the present takes what is written; then that is the present one.
    async fn seek_another(&self) -> bool {
        let (present, count) = (*self.present.borrow(), self.all.len());
        for index in (present + 1..present + count).map(|index| index % count) {
            let connecting = self.connect_to(index, Role::App);
            if let Ok(Ok(_)) = tokio::time::timeout(CONNECTS_WITHIN, connecting).await {
                self.move_to(index);
                return true;
            }
        }
        false
    }

    fn move_to(&self, index: usize) {
        let former = self.present.send_replace(index);
        if former != index {
            tracing::warn!(
                from = former + 1,
                to = index + 1,
                "another database server is written to"
            );
            tokio::spawn(break_off(self.all.clone(), former, self.present.subscribe()));
        }
    }

    /// Has a pool connect to whichever server is the present one.
    pub fn lead(self: &Arc<Self>, pool: &PgPool) {
        if self.all.len() == 1 {
            return;
        }
        let (pool, mut present) = (pool.clone(), self.present.subscribe());
        let all = self.all.clone();
        tokio::spawn(async move {
            loop {
                let index = *present.borrow_and_update();
                pool.set_connect_options(all[index].clone());
                tokio::select! {
                    changed = present.changed() => if changed.is_err() { return },
                    () = pool.close_event() => return,
                }
            }
        });
    }
}

/// Asks the present server for a commit, again and again, for as long as anybody uses it. One that
/// is not acknowledged is waited for and not asked for once more: each would keep a connection.
async fn look_after(servers: Weak<Servers>) {
    let mut asking = None;
    while let Some(servers) = servers.upgrade() {
        let mut asked = asking.take().unwrap_or_else(|| tokio::spawn(ask(servers.clone(), None)));
        match tokio::time::timeout(FIRST_COMMIT, &mut asked).await {
            Ok(Ok(Ok(line))) => {
                tokio::time::sleep(BETWEEN_LOOKS).await;
                asking = Some(tokio::spawn(ask(servers, Some(line))));
            }
            Ok(failed) => {
                tracing::warn!(?failed, "the database takes nothing at the moment");
                servers.seek_another().await;
                tokio::time::sleep(BETWEEN_LOOKS).await;
            }
            Err(_) => {
                tracing::warn!("the database acknowledges nothing at the moment");
                if !servers.seek_another().await {
                    asking = Some(asked);
                }
            }
        }
    }
}

async fn ask(
    servers: Arc<Servers>,
    line: Option<(usize, PgConnection)>,
) -> Result<(usize, PgConnection), sqlx::Error> {
    let present = *servers.present.borrow();
    let mut line = match line {
        Some((index, line)) if index == present => line,
        _ => PgConnection::connect_with(&servers.all[present]).await?,
    };
    line.execute(Role::App.set_up()).await?;
    Ok((present, line))
}

/// Ends what this program has open at a server that is not the present one any more, as far as that
/// server can be reached. Again and again for a while: who had set out for it comes there late.
async fn break_off(all: Vec<PgConnectOptions>, former: usize, present: watch::Receiver<usize>) {
    let until = Instant::now() + LATE;
    while *present.borrow() != former && Instant::now() < until {
        if let Ok(Err(error)) = tokio::time::timeout(CONNECTS_WITHIN, end_all(&all[former])).await
        {
            tracing::debug!(%error, "the former database server does not answer");
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

async fn end_all(former: &PgConnectOptions) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect_with(former).await?;
    sqlx::query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE usename = session_user AND application_name = 'anchor'
            AND pid <> pg_backend_pid()",
    )
    .execute(&mut connection)
    .await?;
    connection.close().await
}

/// The servers' addresses, and how to connect to each.
fn read(url: &str) -> Result<(String, Vec<PgConnectOptions>), DatabaseError> {
    let (scheme, rest) = url.split_once("://").ok_or(DatabaseError::NotAUrl)?;
    let (place, settings) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = place.split_once('/').unwrap_or((place, ""));
    let (user, hosts) = match authority.rsplit_once('@') {
        Some((user, hosts)) => (format!("{user}@"), hosts),
        None => (String::new(), authority),
    };
    let mut kept = Vec::new();
    for setting in settings.split('&').filter(|setting| !setting.is_empty()) {
        match setting.strip_prefix(ATTRIBUTE) {
            Some(wanted) if WRITABLE.contains(&wanted) => {}
            Some(_) => return Err(DatabaseError::NotAUrl),
            None => kept.push(setting),
        }
    }
    let settings = kept.join("&");
    let one = |host: &str| -> Result<PgConnectOptions, DatabaseError> {
        let url = format!("{scheme}://{user}{host}/{database}?{settings}");
        let options: PgConnectOptions = url.parse().map_err(|_| DatabaseError::NotAUrl)?;
        Ok(options.application_name("anchor").disable_statement_logging())
    };
    let all: Result<Vec<_>, _> = hosts.split(',').map(one).collect();
    let user = user.split([':', '@']).next().unwrap_or_default();
    Ok((format!("{user}@{hosts}/{database}"), all?))
}

#[cfg(test)]
mod tests {
    use super::{SecretString, Servers, read};

    #[test]
    fn a_url_may_name_several_servers_and_one_that_takes_what_is_written() {
        let several = "postgres://me:se%40cret@one:5433,two/ledger?sslmode=require\
                       &target_session_attrs=read-write";
        let (names, all) = read(several).unwrap();
        assert_eq!(names, "me@one:5433,two/ledger");
        let addresses: Vec<_> = all.iter().map(|o| (o.get_host(), o.get_port())).collect();
        assert_eq!(addresses, [("one", 5433), ("two", 5432)]);
        assert!(all.iter().all(|o| o.get_username() == "me"));
        assert!(all.iter().all(|o| o.get_database() == Some("ledger")));
        let (_, one) = read("postgres://me@one/ledger").unwrap();
        assert_eq!(one.len(), 1);
    }

    #[test]
    fn a_url_that_asks_for_a_server_that_only_reads_is_refused() {
        assert!(read("postgres://me@one,two/ledger?target_session_attrs=standby").is_err());
        assert!(read("one,two").is_err());
    }

    #[tokio::test]
    async fn everybody_who_names_the_same_servers_goes_to_the_same_one() {
        let url = SecretString::from("postgres://me@127.0.0.1:1,127.0.0.1:2/ledger");
        let (one, other) = (Servers::named_by(&url).unwrap(), Servers::named_by(&url).unwrap());
        one.move_to(1);
        assert_eq!(*other.present.borrow(), 1);
    }
}
