//! How does every instance learn at once that there are new events? By a hint, and by looking all
//! the same.
//!
//! ```text
//! this process appends ─────────────────────────────▶ ┐
//!          └─ after commit, at most every 20 ms ─▶ NOTIFY ledger
//! another process: LISTEN ledger ───────────────────▶ ├▶ one watch, which the runners wait on
//! every 250 ms: where does the log end? ────────────▶ ┘
//! ```
//!
//! *Why not `NOTIFY` in the append's transaction*: it takes a lock of the whole cluster while it
//! commits, and would cost more than half of the appends. *Why look all the same*: a hint may be
//! lost, and whoever writes without this program gives none.
//!
//! Rows: Q3, Q4.

use std::time::Duration;

use domain::ids::Position;
use projections::event_log;
use secrecy::SecretString;
use sqlx::postgres::PgListener;
use sqlx::{PgConnection, PgPool};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::database::{self, DatabaseError, Role};

const CHANNEL: &str = "ledger";
const BETWEEN_HINTS: Duration = Duration::from_millis(20);
const AFTER_ERROR: Duration = Duration::from_secs(1);
/// How often the log is looked at, whatever was heard.
pub const LOOK: Duration = Duration::from_millis(250);

/// What wakes one process, until it is told to stop.
pub struct Wake {
    head: watch::Receiver<Position>,
    tasks: Vec<JoinHandle<()>>,
}

impl Wake {
    /// Tells others of what this process appends (`appended`), hears of what they append, and looks
    /// every `look`.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn follow(
        url: &SecretString,
        appended: watch::Receiver<Position>,
        look: Duration,
        stop: &watch::Receiver<bool>,
    ) -> Result<Self, DatabaseError> {
        let pool = database::connect(url, Role::App, 2).await?;
        let (raise, head) = watch::channel(*appended.borrow());
        let until = |task: JoinHandle<()>| {
            let mut stop = stop.clone();
            tokio::spawn(async move {
                stop.wait_for(|stop| *stop).await.ok();
                task.abort();
            })
        };
        let tasks = vec![
            until(tokio::spawn(pass_on(appended.clone(), raise.clone()))),
            until(tokio::spawn(tell(url.clone(), appended))),
            until(tokio::spawn(hear(pool.clone(), raise.clone()))),
            until(tokio::spawn(look_again(pool, look, raise))),
        ];
        Ok(Self { head, tasks })
    }

    /// The furthest position anybody is known to have appended.
    #[must_use]
    pub fn head(&self) -> watch::Receiver<Position> {
        self.head.clone()
    }

    /// What runs until the stop.
    #[must_use]
    pub fn into_tasks(self) -> Vec<JoinHandle<()>> {
        self.tasks
    }
}

fn raise_to(raise: &watch::Sender<Position>, position: Position) {
    raise.send_if_modified(|head| {
        let is_further = position > *head;
        *head = position.max(*head);
        is_further
    });
}

async fn pass_on(mut appended: watch::Receiver<Position>, raise: watch::Sender<Position>) {
    while appended.changed().await.is_ok() {
        let position = *appended.borrow_and_update();
        raise_to(&raise, position);
    }
}

/// After the commit, never in it; several appends share a hint.
async fn tell(url: SecretString, mut appended: watch::Receiver<Position>) {
    let mut connection: Option<PgConnection> = None;
    while appended.changed().await.is_ok() {
        let position = *appended.borrow_and_update();
        if connection.is_none() {
            connection = database::connect_one(&url, Role::App).await.ok();
        }
        if let Some(line) = &mut connection {
            let told = sqlx::query("SELECT pg_notify($1, $2)")
                .bind(CHANNEL)
                .bind(position.to_string())
                .execute(line)
                .await;
            if let Err(error) = told {
                tracing::warn!(%error, "a hint was not given; others will look by themselves");
                connection = None;
            }
        }
        tokio::time::sleep(BETWEEN_HINTS).await;
    }
}

async fn hear(pool: PgPool, raise: watch::Sender<Position>) {
    loop {
        if let Err(error) = listen(&pool, &raise).await {
            tracing::warn!(%error, "hints are not heard for a moment; the log is looked at");
        }
        tokio::time::sleep(AFTER_ERROR).await;
    }
}

async fn listen(pool: &PgPool, raise: &watch::Sender<Position>) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    loop {
        let hint = listener.recv().await?;
        if let Ok(position) = hint.payload().parse() {
            raise_to(raise, Position(position));
        }
    }
}

async fn look_again(pool: PgPool, look: Duration, raise: watch::Sender<Position>) {
    loop {
        tokio::time::sleep(look).await;
        let looked = async {
            let mut connection = pool.acquire().await?;
            event_log::head(&mut connection).await
        };
        match looked.await {
            Ok(position) => raise_to(&raise, position),
            Err(error) => tracing::debug!(%error, "the log's end could not be looked at"),
        }
    }
}
